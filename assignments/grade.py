"""The whole cycle of grading: `make grade`, or python assignments/grade.py [--only-release | --only-feedback] [--student NAME].

    source/        what teachers write: solutions and hidden tests included
    release/       what students get: made from source, kept in the repository
    submitted/     STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb, put there by the teacher
    autograded/    the same with outputs and points        feedback/  STUDENT/ASSIGNMENT/ASSIGNMENT.html, for the student
    grades.csv     one row a student and assignment        gradebook.db  all of it, for nbgrader

A notebook that cannot be graded, damaged or not a notebook at all, is reported at the end and does not keep the others from their points.
"""

import argparse
import os
import re
import shutil
import signal
import sys
import sysconfig
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

HERE = Path(__file__).parent

# Neither the settings nor the kernels of whoever runs this. Before anything of Jupyter is loaded.
_JUPYTER = tempfile.TemporaryDirectory(prefix="snnlab-jupyter-")
for _name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
    os.environ[_name] = _JUPYTER.name
os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])  # nbgrader calls alembic by its name

import nbformat  # noqa: E402
from nbgrader.api import Gradebook  # noqa: E402
from nbgrader.apps import NbGraderAPI  # noqa: E402
from nbgrader.plugins import CsvExportPlugin  # noqa: E402
from sqlalchemy.exc import SAWarning  # noqa: E402
from traitlets.config import Config  # noqa: E402
from traitlets.config.loader import PyFileConfigLoader  # noqa: E402

warnings.filterwarnings("ignore", category=SAWarning)  # nbgrader's own queries; nothing that a teacher could do about it

REMARKS = {
    "Stopped": "a cell was stopped, as it was not over in time or ended the kernel",
    "TimeIsUp": "not all cells ran, as the time of the notebook was up",
    "Tampered": "a test found a changed library or kernel: read what the answers do",
    "Missing": "an answer's cell was missing and counts as empty: was it deleted, or lost by another program?",
    "Elsewhere": "the question is as it was, but there is text of the student's own: it may be the answer",
}
"""Names of errors that execute.py gives, and what restore.py notes: what to tell the teacher of them."""


class Course:
    """An nbgrader course in a folder.

    Args:
        folder: where nbgrader_config.py and the folders above lie.
        settings: what is to differ from nbgrader_config.py.
    """

    def __init__(self, folder: Path, settings: Config | None = None) -> None:
        self.folder = folder
        self.config = PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()
        self.config.merge(settings or Config())
        self._api = NbGraderAPI(config=self.config)
        self.failed: list[str] = []
        self.stopped = False
        self.unreleased: set[str] = set()

    @property
    def assignments(self) -> list[str]:
        """Names of the assignments, in order."""
        return sorted(path.name for path in (self.folder / "source").iterdir() if path.is_dir())

    def submissions(self, only: str | None = None) -> Iterator[tuple[str, str]]:
        """Student and assignment of everything that was handed in, by one student or by all, also of what cannot be graded."""
        for path in sorted((self.folder / "submitted").glob("*/*/")):
            if only in (None, path.parent.name):
                yield path.parent.name, path.name

    def _noted(self, what: str, outcome: dict) -> bool:
        if self.stopped:  # nbgrader takes Ctrl-C for one more reason why a notebook cannot be graded
            raise KeyboardInterrupt
        if not outcome["success"]:
            said = f"{outcome.get('error', '')}\n{outcome.get('log', '')}".splitlines()
            reasons = [
                line.strip() for line in said if re.match(r"\s*[\w.]*(Error|Run|Exception)\b.*: ", line) and "above traceback" not in line
            ]
            self.failed.append(f"{what}: {(reasons or said or ['no reason was given'])[-1]}")
        return outcome["success"]

    def release(self) -> None:
        """Makes release/ from source/, and tells the gradebook what there is to grade; where that fails, the release stays what it was."""
        for assignment in self.assignments:
            there = self.folder / "release" / assignment
            with tempfile.TemporaryDirectory() as kept:
                if there.is_dir():
                    shutil.copytree(there, Path(kept) / assignment)
                made = False
                try:
                    made = self._noted(f"release of {assignment}", self._api.generate_assignment(assignment, force=True, create=True))
                finally:
                    if not made and (Path(kept) / assignment).is_dir():
                        shutil.copytree(Path(kept) / assignment, there, dirs_exist_ok=True)
                if made:
                    continue
                self.failed[-1] += f". So nothing of {assignment} was graded, and all of it is as it was."
                if "Cannot add or remove cells" in self.failed[-1]:
                    self.failed[-1] += " Take that change back, or begin a new gradebook: docs/teaching.md, Change an assignment."
                self.unreleased.add(assignment)

    def misplaced(self, student: str, assignment: str) -> str | None:
        """Why there is nothing to grade in a folder of `submitted`, or None."""
        if assignment not in self.assignments:
            return f"there is no such assignment. There are {', '.join(self.assignments)}."
        folder = self.folder / "submitted" / student / assignment
        if (folder / f"{assignment}.ipynb").is_file():
            return None
        there = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
        return f"{assignment}.ipynb is missing; in its folder there is: {there}. Rename the student's notebook to {assignment}.ipynb."

    def grade(self, only: str | None = None, run: bool = True) -> None:
        """Grades what was handed in, by one or by all, and writes feedback and grades.csv; without `run`, from the points as they are."""
        for path in sorted(path for pattern in ("*", "*/*") for path in (self.folder / "submitted").glob(pattern) if path.is_file()):
            if path.suffix == ".ipynb" and only in (None, path.parent.name, path.stem):
                where = path.relative_to(self.folder)
                self.failed.append(f"{where}: it lies loose. Put it into submitted/STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb.")
        try:
            for student, assignment in self.submissions(only):
                if assignment not in self.unreleased:
                    self._grade_one(student, assignment, run)
        finally:
            with Gradebook(self.config.CourseDirectory.db_url, self.config.CourseDirectory.course_id) as gradebook:
                for student, _ in self.submissions():
                    gradebook.update_or_create_student(student)  # a row for each, also where nothing could be graded
                CsvExportPlugin(to=str(self.folder / "grades.csv")).export(gradebook)

    def _grade_one(self, student: str, assignment: str, run: bool) -> None:
        what = f"{student}, {assignment}"
        if run:
            print(f"{what} ...", file=sys.stderr, flush=True)
        if wrong := self.misplaced(student, assignment):
            self.failed.append(f"{what}: {wrong}")
        elif not run or self._noted(what, self._api.autograde(assignment, student, force=True, create=True)):
            self._noted(f"feedback for {what}", self._api.generate_feedback(assignment, student, force=True))

    def remarks(self, student: str, assignment: str) -> list[str]:
        """What a teacher should know of a graded notebook beyond its points."""
        path = self.folder / "autograded" / student / assignment / f"{assignment}.ipynb"
        if not path.is_file():
            return []
        notebook = nbformat.read(path, as_version=4)
        names = {output.get("ename") for cell in notebook.cells for output in cell.get("outputs", [])}
        return [words for name, words in REMARKS.items() if name in names | set(notebook.metadata.get("snnlab_remarks", ()))]

    def report(self) -> str:
        """The points of everybody, in words."""
        lines = []
        with Gradebook(self.config.CourseDirectory.db_url, self.config.CourseDirectory.course_id) as gradebook:
            for student, assignment in self.submissions():
                known = (
                    [each for each in gradebook.assignment_submissions(assignment) if each.student.id == student]
                    if assignment in self.assignments
                    else []
                )
                if not (self.folder / "autograded" / student / assignment / f"{assignment}.ipynb").is_file():
                    lines.append(f"{student:20} {assignment:20} not graded")
                    continue
                for each in known:
                    waits = "; answers wait for a reader" if each.needs_manual_grade else ""
                    lines.append(f"{student:20} {assignment:20} {each.score:5g} of {each.max_score:g}{waits}")
                    lines += [f"{'':41} {words}" for words in self.remarks(student, assignment)]
        return "\n".join(lines or [f"Nothing was handed in yet: put notebooks into {self.folder / 'submitted'}/STUDENT/ASSIGNMENT/."])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only-release", action="store_true", help="make release/ from source/, and grade nothing")
    parser.add_argument(
        "--only-feedback", action="store_true", help="run nothing: feedback and grades.csv anew, after a reader gave points"
    )
    parser.add_argument("--student", help="grade this one student alone, once more")
    parser.add_argument("--folder", type=Path, default=HERE, help="the course folder")
    asked = parser.parse_args()
    course = Course(asked.folder.resolve())

    def stop(number: int, frame: FrameType | None) -> None:
        course.stopped = True
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    try:
        if not asked.only_feedback:
            course.release()
        if not asked.only_release:
            course.grade(asked.student, run=not asked.only_feedback)
            print(course.report())
    except KeyboardInterrupt:
        print("Stopped. What was graded before is kept, in the gradebook and in grades.csv.", file=sys.stderr)
        sys.exit(130)
    for words in course.failed:
        print(f"NOT DONE  {words}", file=sys.stderr)
    sys.exit(bool(course.failed))


if __name__ == "__main__":
    main()
