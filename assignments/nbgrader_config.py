"""The course for nbgrader. `make grade` and `make release` read it; so does nbgrader itself, when it is called in this folder."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from nbgrader.preprocessors import (  # noqa: E402
    CheckCellMetadata,
    ClearOutput,
    DeduplicateIds,
    LimitOutput,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from restore import RestoreCells  # noqa: E402
from sandbox import ExecuteElsewhere  # noqa: E402

c = get_config()  # noqa: F821  (nbgrader brings it)

# The course: all of it lies in this folder. Nothing is exchanged through a folder that teacher and students share.
c.CourseDirectory.course_id = "snnlab"
c.CourseDirectory.root = str(HERE)
c.CourseDirectory.db_url = f"sqlite:///{HERE / 'gradebook.db'}"

# What a student gets in the place of a solution.
c.ClearSolutions.code_stub = {"python": 'raise NotImplementedError("Write your own lines in the place of this one.")'}
c.ClearSolutions.text_stub = "*Write your answer here, in the place of this line.*"

# Grading: first everything that was not the student's to change is put back; then another process runs the cells, with a limit of time for
# each and for all, and the points are taken from what came out.
c.Autograde.sanitize_preprocessors = [ClearOutput, RestoreCells, DeduplicateIds, OverwriteKernelspec, OverwriteCells, CheckCellMetadata]
c.Autograde.autograde_preprocessors = [ExecuteElsewhere, LimitOutput, SaveAutoGrades, CheckCellMetadata]
c.RestoreCells.release = str(HERE / "release")
c.ExecuteElsewhere.sandbox = os.environ.get("SNNLAB_SANDBOX", "")
c.ExecuteElsewhere.timeout = 30  # s a cell
c.ExecuteElsewhere.total = 600  # s a notebook
c.ExecuteElsewhere.memory = 4096  # MB of data a process
c.ExecutePreprocessor.timeout = 30  # s, where nbgrader itself runs a notebook: `nbgrader validate`
