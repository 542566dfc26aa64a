#!/usr/bin/env python3
"""What the pages promise: short lines and sentences, plain words, links that lead somewhere. Standard library only.

    tests/docs/lint.py             all pages
    tests/docs/lint.py --words     also how many words each page has
    tests/docs/lint.py --html DIR  the links of the built book instead

- No line is longer than 120 columns, tables included. Rows that a test generates may be longer, their cells may not.
- No sentence is longer than 30 words, outside of code and tables. No cell of a table has more than 120 characters, unless it
  is code as a whole.
- No idiom of the list below.
- Exit codes are tabulated on one page only, reference/exit-codes.md.
- Each link and each anchor exists. Each page stands in SUMMARY.md, once. Each page that a source file names exists.
"""

from __future__ import annotations

import html.parser
import os
import pathlib
import re
import sys
import tempfile
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
COLUMNS, WORDS, CELL = 120, 30, 120
EXIT_CODES = DOCS / "reference" / "exit-codes.md"

#: What a reader who learnt English at school may stumble over.
IDIOMS = [
    "3 a.m", "a.m.", "as good as", "back from the dead", "be it", "beyond doubt", "by and large", "by far", "cannot afford",
    "come along", "comes along", "dead end", "for ever", "forgiven", "goes astray", "in hand", "in mid-", "in question",
    "in turn", "is simply", "kind of a", "lend", "let through", "lets through", "lets nothing", "mend", "mended", "mends",
    "mid-run", "need be", "needs nothing but", "no disaster", "no later than", "no wrong", "nobody's", "nothing but",
    "now and then", "of one's own", "on call", "other way round", "out of the box", "pays off", "play no part", "rests on",
    "rule of thumb", "rules of thumb", "sees to", "so be it", "some day", "stands still", "take for granted", "the dead",
    "the other way", "there is no third", "thrown away", "to be had", "unasked", "way out", "ways out", "whatever happens",
    "without a word", "worth it",
]
IDIOM = re.compile(r"(?<![\w-])(" + "|".join(re.escape(idiom) for idiom in IDIOMS) + r")(?![\w-])", re.IGNORECASE)
ABBREVIATIONS = re.compile(r"\b(e\.g|i\.e|etc|vs|no)\.", re.IGNORECASE)
GENERATED_BEGIN = re.compile(r"<!-- (generated: begin|measured: begin|account: begin|tried: begin|rooms: begin|from src/)")
GENERATED_END = re.compile(r"<!-- (generated: end|measured: end|account: end|tried: end|rooms: end|end) ?")


class Page:
    """A page as lines: what is code, what is generated, what is a table."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.text = path.read_text()
        self.prose: list[tuple[int, str]] = []
        self.rows: list[tuple[int, str, bool]] = []
        self.code: list[tuple[int, str]] = []
        self.wrong: list[str] = []
        fence, generated = "", path == EXIT_CODES
        for number, line in enumerate(self.text.split("\n"), 1):
            mark = re.match(r"\s*(```+)", line)
            if mark and (not fence or line.strip() == fence):
                fence = "" if fence else mark[1]
                self.prose.append((number, ""))
                continue
            if fence:
                self.code.append((number, line))
            elif GENERATED_END.match(line):
                generated = False
            elif GENERATED_BEGIN.match(line):
                generated = True
            elif line.startswith("|"):
                self.rows.append((number, line, generated))
            else:
                self.prose.append((number, line))
            if len(line) > COLUMNS and not (generated and line.startswith("|")):
                self.say(number, f"{len(line)} columns")

    def say(self, number: int, what: str) -> None:
        self.wrong.append(f"{os.path.relpath(self.path, ROOT)}:{number}: {what}")

    def sentences(self) -> list[tuple[int, str]]:
        """Paragraphs, headings and items of lists, cut where a sentence ends."""
        found: list[tuple[int, str]] = []
        paragraph, first = "", 0
        for number, line in [*self.prose, (0, "")]:
            begins = re.match(r"\s*([-*+]|\d+\.)\s+", line)
            if not line.strip() or begins or re.match(r"#+ ", line):
                found += [(first, sentence) for sentence in cut(paragraph)]
                paragraph, first = "", number
            if line.strip():
                first = first if paragraph else number
                paragraph += " " + (line[begins.end():] if begins else line).strip()
            if re.match(r"#+ ", line):
                found += [(number, sentence) for sentence in cut(line.lstrip("# "))]
                paragraph = ""
        return found

    def anchors(self) -> set[str]:
        """As GitHub and mdBook make them of headings."""
        seen: dict[str, int] = {}
        found = set(re.findall(r'<a id="([^"]+)"', self.text))
        for number, line in self.prose:
            heading = re.match(r"#+\s+(.*)", line)
            if heading:
                text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1])
                slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
                count = seen.get(slug, 0)
                seen[slug] = count + 1
                found.add(f"{slug}-{count}" if count else slug)
        return found

    def links(self) -> list[tuple[int, str]]:
        found = []
        for number, line in [*self.prose, *((number, row) for number, row, _ in self.rows)]:
            without_code = re.sub(r"`[^`]*`", "``", line)
            found += [(number, target) for target in re.findall(r"\]\(([^)\s]+)\)", without_code)]
            found += [(number, target) for target in re.findall(r'(?:src|srcset|href)="([^"]+)"', without_code)]
        return found


def plain(text: str) -> str:
    text = re.sub(r"<!--.*?-->|<[^>]+>", " ", text)
    text = re.sub(r"`[^`]*`", "code", text)
    return re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)


def cut(paragraph: str) -> list[str]:
    text = ABBREVIATIONS.sub(lambda match: match[1].replace(".", ""), plain(paragraph))
    return [part.strip() for part in re.split(r"(?<=[.?!])[*_)\"']*\s+|(?<=:)\s+(?=\n)", text) if part.strip()]


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]


def check(page: Page) -> None:
    for number, sentence in page.sentences():
        count = len(re.findall(r"[\w'’/-]+", sentence))
        if count > WORDS:
            page.say(number, f"a sentence of {count} words: {sentence[:70]}…")
    for number, line in [*page.prose, *((number, row) for number, row, _ in page.rows)]:
        for idiom in IDIOM.findall(plain(line)):
            page.say(number, f"the idiom `{idiom}`")
    for number, row, _ in page.rows:
        for cell in cells(row):
            if len(cell) > CELL and not re.fullmatch(r"`[^`]+`", cell):
                page.say(number, f"a cell of {len(cell)} characters: {cell[:50]}…")
    if page.path != EXIT_CODES:
        tabulated = [number for number, row, _ in page.rows
                     if re.fullmatch(r"(exit (code )?)?[`*]*([0-6]|130|137|143)[`*]*([ ,/].*)?", cells(row)[0])]
        if len(tabulated) >= 3:
            page.say(tabulated[0], "exit codes are tabulated on reference/exit-codes.md only")


def check_links(page: Page, pages: dict[pathlib.Path, Page]) -> None:
    for number, target in page.links():
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.path.parent / urllib.parse.unquote(path)).resolve() if path else page.path
        if not found.exists():
            page.say(number, f"no such file: {target}")
        elif anchor and found.suffix == ".md":
            other = pages.get(found) or Page(found)
            if anchor not in other.anchors():
                page.say(number, f"no such heading: {target}")


def check_summary(pages: dict[pathlib.Path, Page]) -> list[str]:
    listed = re.findall(r"\]\(([^)]+)\)", (DOCS / "SUMMARY.md").read_text())
    wanted = {str(path.relative_to(DOCS)) for path in pages if DOCS in path.parents} - {"SUMMARY.md"}
    return ([f"docs/SUMMARY.md lacks {page}" for page in sorted(wanted - set(listed))]
            + [f"docs/SUMMARY.md lists {page} {listed.count(page)} times" for page in sorted(set(listed))
               if listed.count(page) > 1])


def check_mentions() -> list[str]:
    """Pages that the program, its chart and its tests name."""
    wrong, seen = [], 0
    files = [ROOT / name for name in ("Makefile", "Cargo.toml", "Dockerfile", "CONTRIBUTING.md", "CHANGELOG.md", ".ci/run")]
    files += [path for top in ("src", "deploy", "helm", "tests", "benches") for path in (ROOT / top).rglob("*")
              if path.suffix in (".rs", ".sql", ".py", ".sh", ".yaml", ".yml", ".tpl", ".txt", ".json", ".md", ".toml")]
    for path in files:
        for mention in re.findall(r"(?<![\w/.])docs/[\w/-]+\.(?:md|svg)", path.read_text(errors="replace")):
            seen += 1
            if mention != "docs/x.md" and not (ROOT / mention).exists():
                wrong.append(f"{path.relative_to(ROOT)}: no such page: {mention}")
    return wrong if seen > 50 else [*wrong, f"only {seen} mentions of pages were found"]


class Html(html.parser.HTMLParser):
    def __init__(self, path: pathlib.Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.append(value)
            if name in ("id", "name") and value:
                self.ids.add(value)


def check_html(folder: pathlib.Path) -> list[str]:
    """Each link of the built book that stays in it leads to a file, and to an id in it."""
    pages = {path.resolve(): Html(path) for path in folder.rglob("*.html")
             if path.name not in ("print.html", "404.html", "toc.html")}
    wrong, looked_at = [], 0
    for path, page in pages.items():
        for link in page.links:
            if re.match(r"[a-z]+:", link) or link.startswith("#") and link == "#":
                continue
            looked_at += 1
            file, _, anchor = urllib.parse.unquote(link).partition("#")
            found = (path.parent / file).resolve() if file else path
            if not found.exists():
                wrong.append(f"{path.relative_to(folder.resolve())}: no such file: {link}")
            elif anchor and found in pages and anchor not in pages[found].ids:
                wrong.append(f"{path.relative_to(folder.resolve())}: no such id: {link}")
    print(f"{len(pages)} pages, {looked_at} links")
    return wrong if looked_at else [f"{folder} holds no link"]


BROKEN = """\
# A page

{long}

{sentence}.

This is a rule of thumb. [gone](gone.md) [no heading](#nowhere) [here](#a-page)

| code | means |
|---|---|
| 0 | {cell} |
| 1 | `{cell}` |
| 2 | c |

```sh
{long} is code, and counts as a line only
```
"""


def self_test() -> None:
    """Each defect is found, and nothing else is."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "page.md"
        path.write_text(BROKEN.format(long="x" * 121, sentence="word " * 30 + "word", cell="y " * 61))
        page = Page(path)
        check(page)
        check_links(page, {})
    found = sorted(re.sub(r"^.*page.md:(\d+): (.{,12}).*", r"\1 \2", line) for line in page.wrong)
    wanted = ["11 130 columns", "11 a cell of 12", "11 exit codes a", "12 132 columns", "16 156 columns", "3 121 columns",
              "5 155 columns", "5 a sentence o", "7 no such file", "7 no such head", "7 the idiom `r"]
    assert found == wanted, found


def main() -> int:
    self_test()
    if "--html" in sys.argv:
        wrong = check_html(pathlib.Path(sys.argv[-1]))
    else:
        book = {path.resolve(): Page(path) for path in sorted(DOCS.rglob("*.md"))}
        prose = [page for path, page in book.items() if DOCS / "adr" not in path.parents and path.name != "SUMMARY.md"]
        prose.append(Page(ROOT / "README.md"))
        prose += [Page(path) for top in ("deploy", "helm") for path in sorted((ROOT / top).rglob("README.md"))]
        more = [Page(ROOT / name) for name in ("CONTRIBUTING.md", "CHANGELOG.md", "tests/mssim/README.md")]
        decisions = [page for path, page in book.items() if DOCS / "adr" in path.parents or path.name == "SUMMARY.md"]
        for page in [*decisions, *more]:
            page.wrong.clear()
        for page in prose:
            check(page)
        for page in [*prose, *decisions, *more]:
            check_links(page, book)
        wrong = [line for page in [*prose, *decisions, *more] for line in page.wrong]
        wrong += check_summary(book) + check_mentions()
        if "--words" in sys.argv:
            counts = [(len(re.findall(r"[^\s|]*\w[^\s|]*", page.text)), page.path.relative_to(ROOT)) for page in prose]
            print("\n".join(f"{count:6} {path}" for count, path in sorted(counts, key=lambda pair: -pair[0])))
            print(f"{sum(count for count, _ in counts):6} in all")
    print("\n".join(wrong))
    print(f"{len(wrong)} defects of pages" if wrong else "the pages are as they should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
