//! `docs/rooms.svg`: the rooms and their arrows, drawn from the list and the imports that the tests of the house read.
//!
//! Rooms stand on a diagonal from the ground floor up. A line leaves a room to the left, and a dot turns it down into a
//! room that it imports. An import that climbs would need a line up, and there is no place for one.

use super::{ROOMS, arrows};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Between two rooms, across and up.
const STEP: usize = 26;
/// Of a room's box.
const WIDTH: usize = 100;
const HEIGHT: usize = 20;
/// From the left edge of a box to the place where arrows come in.
const INSET: usize = 12;
const MARGIN: usize = 24;
const HEADER: usize = 40;
const PAGE: (usize, usize) = (960, HEADER + MARGIN + ROOMS.len() * STEP);

const LEGEND: &str = "A line leaves a room to the left. A dot turns it down, into a room that is imported. \
                      A crossing without a dot is nothing.";

const STYLE: &str = "\
.page { fill: #ffffff }
text { font: 12px ui-sans-serif, system-ui, sans-serif; fill: #1f2328 }
.owns { font-size: 11px; fill: #59636e }
.room { fill: #ddf4ff; stroke: #0969da }
.line { fill: none; stroke: #afb8c1 }
.dot, .head { fill: #0969da }
@media (prefers-color-scheme: dark) {
.page { fill: #0d1117 }
text { fill: #f0f6fc }
.owns { fill: #9198a1 }
.room { fill: #121d2f; stroke: #4493f8 }
.line { stroke: #3d444d }
.dot, .head { fill: #4493f8 }
}
";

/// Where the arrows come in at the top of a room's box, or its middle from the side.
fn place(floor: usize) -> (usize, usize) {
    (MARGIN + INSET + floor * STEP, HEADER + (ROOMS.len() - 1 - floor) * STEP + HEIGHT / 2)
}

fn escaped(text: &str) -> String {
    text.replace('`', "").replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Pairs of floors: who imports, and what.
fn pairs() -> BTreeSet<(usize, usize)> {
    let floor = |room: &str| ROOMS.iter().position(|(name, _)| *name == room).unwrap();
    let pairs = arrows().into_iter().map(|arrow| (floor(&arrow.room), floor(&arrow.imported)));
    pairs.filter(|(room, imported)| room != imported).collect()
}

fn lines(pairs: &BTreeSet<(usize, usize)>) -> String {
    let mut lines = String::new();
    for floor in 0..ROOMS.len() {
        let (x, y) = place(floor);
        if let Some(least) =
            pairs.iter().filter(|(room, _)| *room == floor).map(|(_, imported)| *imported).min()
        {
            let (end, _) = place(least);
            let _ = writeln!(lines, "<path class=\"line\" d=\"M{} {y}H{end}\"/>", x - INSET);
        }
        if let Some(most) =
            pairs.iter().filter(|(_, imported)| *imported == floor).map(|(room, _)| *room).max()
        {
            let ((_, begin), top) = (place(most), y - HEIGHT / 2);
            let _ = writeln!(lines, "<path class=\"line\" d=\"M{x} {begin}V{top}\"/>");
            let (left, right, above) = (x - 4, x + 4, top - 5);
            let _ = writeln!(lines, "<path class=\"head\" d=\"M{left} {above}H{right}L{x} {top}Z\"/>");
        }
    }
    lines
}

fn drawn() -> String {
    let (width, height) = PAGE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>Rooms of shardferry and what they import</title>\n<style>\n{STYLE}</style>\n\
         <rect class=\"page\" width=\"{width}\" height=\"{height}\"/>\n\
         <text x=\"{MARGIN}\" y=\"24\">{LEGEND}</text>\n"
    );
    let pairs = pairs();
    svg += &lines(&pairs);
    for (room, imported) in &pairs {
        let ((x, _), (_, y)) = (place(*imported), place(*room));
        let says = format!("{} imports {}", ROOMS[*room].0, ROOMS[*imported].0);
        let _ = writeln!(
            svg,
            "<circle class=\"dot\" cx=\"{x}\" cy=\"{y}\" r=\"4\"><title>{says}</title></circle>"
        );
    }
    for (floor, (name, owns)) in ROOMS.iter().enumerate() {
        let (x, y) = place(floor);
        let (left, top, base) = (x - INSET, y - HEIGHT / 2, y + 4);
        let _ = writeln!(
            svg,
            "<rect class=\"room\" x=\"{left}\" y=\"{top}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"4\"/>\n\
             <text x=\"{}\" y=\"{base}\">{name}</text>\n<text class=\"owns\" x=\"{}\" y=\"{base}\">{}</text>",
            left + 8,
            left + WIDTH + 8,
            escaped(owns)
        );
    }
    svg + "</svg>\n"
}

#[test]
fn the_picture_of_the_rooms_is_drawn_from_the_list() {
    let pairs = pairs();
    assert!(pairs.len() > 80, "only {} pairs of rooms were found", pairs.len());
    assert!(pairs.iter().all(|(room, imported)| imported < room), "the picture has no place for a line up");
    crate::generated::assert_page("rooms.svg", &drawn());
}
