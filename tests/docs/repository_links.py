"""A preprocessor of mdBook: links that leave docs/ become links to the repository, for the book has no such files."""

from __future__ import annotations

import json
import pathlib
import posixpath
import re
import sys

LINK = re.compile(r"(\]\()([^)\s#]+)((?:#[^)\s]*)?\))")
ROOT = pathlib.Path(__file__).resolve().parents[2]


def rewritten(text: str, page: str, repository: str) -> str:
    """`page` is the path of the page below docs/."""

    def link(match: re.Match[str]) -> str:
        target = match[2]
        if re.match(r"[a-z]+:", target):
            return match[0]
        path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), target))
        if path.startswith("docs/"):
            # mdBook makes index.html of a README.md, and does not follow it in links.
            return f"{match[1]}{re.sub(r'README[.]md$', 'index.md', target)}{match[3]}"
        kind = "tree" if (ROOT / path).is_dir() else "blob"
        return f"{match[1]}{repository}/{kind}/main/{path}{match[3]}"

    return LINK.sub(link, text)


def walk(items: list, repository: str) -> None:
    for item in items:
        if isinstance(item, dict) and "Chapter" in item:
            chapter = item["Chapter"]
            if chapter["path"]:
                chapter["content"] = rewritten(chapter["content"], chapter["path"], repository)
            walk(chapter["sub_items"], repository)


def main() -> None:
    if sys.argv[1:2] == ["supports"]:
        return
    context, book = json.load(sys.stdin)
    repository = context["config"]["output"]["html"]["git-repository-url"]
    walk(book.get("items") or book.get("sections") or [], repository)
    json.dump(book, sys.stdout)


if __name__ == "__main__":
    main()
