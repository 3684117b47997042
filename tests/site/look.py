"""Looks at pages as a phone shows them: python look.py CHROMIUM SITE SHOTS PAGE...; prints what it saw as JSON.

A process of its own, as Playwright keeps an event loop running. Pages are opened as files, without a server, and whatever they ask of
another host is refused and written down.
"""

import json
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 1, "is_mobile": True, "has_touch": True}

# Sizes and colours of what is seen: text nodes with letters, within the page's words and not scrolled away on purpose.
LOOK = """() => {
    const light = color => {
        const [r, g, b] = color.map(c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const numbers = color => (color.match(/[\\d.]+/g) || []).map(Number);
    const ground = element => {
        for (let e = element; e; e = e.parentElement) {
            const color = numbers(getComputedStyle(e).backgroundColor);
            if (color.length === 3 || color[3] > 0.99) return light(color.slice(0, 3));
        }
        return 1;
    };
    const texts = [];
    const walker = document.createTreeWalker(document.querySelector(".main"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const words = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
        if (!/[\\p{L}\\p{N}]/u.test(words) || element.closest("script, style, annotation, .headerlink")) continue;
        if (!element.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
        const box = element.getBoundingClientRect(), style = getComputedStyle(element);
        if (box.width < 2 || box.right < 0 || box.left > 390) continue;
        const [a, b] = [light(numbers(style.color).slice(0, 3)), ground(element)].sort((x, y) => y - x);
        texts.push({words: words.slice(0, 40), size: parseFloat(style.fontSize), contrast: (a + 0.05) / (b + 0.05),
                    script: Boolean(element.closest("sub, sup, math"))});
    }
    const plain = texts.filter(text => !text.script);
    const least = (name, list) => list.reduce((a, b) => b[name] < a[name] ? b : a);
    const smallest = least("size", plain), palest = least("contrast", texts);
    const wide = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > 391 && e.checkVisibility());
    return {
        width: document.scrollingElement.scrollWidth, wide: wide.slice(0, 5).map(e => e.outerHTML.slice(0, 120)),
        texts: texts.length, smallest: smallest.size, small: smallest.words, contrast: palest.contrast, pale: palest.words,
        ground: ground(document.querySelector("article")),
        cut: [...document.querySelectorAll("article :is(pre, .formula)")].filter(e => e.scrollWidth > e.clientWidth + 1)
            .map(e => e.innerText.slice(0, 80)),
        broken: [...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src),
    };
}"""


def main(chromium: str, site: Path, shots: Path, pages: list[str]) -> dict:
    """What was seen of each page, in light and in dark, and what a search for a class finds."""
    seen, foreign, problems = {}, [], []
    shots.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        page = browser.new_page(**PHONE)
        page.on("request", lambda request: foreign.append(request.url) if not request.url.startswith(("file:", "data:")) else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        for name in pages:
            foreign.clear(), problems.clear()
            page.goto((site / f"{name}.html").as_uri())
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                seen[f"{name} {scheme}"] = page.evaluate(LOOK) | {"foreign": list(foreign), "problems": list(problems)}
                page.screenshot(path=shots / f"site-{name.replace('/', '-')}-{scheme}.png")
        page.goto((site / "search.html").as_uri() + "?q=LinearDense")
        page.wait_for_selector("ul.search li")
        seen["search"] = page.locator("ul.search li").all_inner_texts()
        browser.close()
    return seen


if __name__ == "__main__":
    executable, folder, pictures, *names = sys.argv[1:]
    print(json.dumps(main(executable, Path(folder), Path(pictures), names)))
