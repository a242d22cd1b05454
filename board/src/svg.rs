//! The drawing as SVG: inline in the board's page, and as a file of its own.
//!
//! How ink is shaped is [`crate::outline`]; this is about layers, colours and the frame around. The
//! page's policy forbids inline styles, so elements carry classes only, and free colours as
//! attributes:
//!
//! | class | on | means |
//! |---|---|---|
//! | `paint` | the inline `<svg>` | the first look: see [`crate::camera`] for the rules it needs |
//! | `hl` | a group, below | the highlighters: 35 %, multiply on light paper, screen on dark |
//! | `pens` | a group, above | everything else |
//! | `l` | a path | a line to stroke; without it, a path to fill |
//! | `c-ink`, `c-grey` … | a path | its colour, as CSS `color` |
//! | `paper` | a rectangle | the background, in files only |
//!
//! [`style`] gives the rules that files carry.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

use crate::camera::View;
use crate::element::{Brush, Colour, Element, Ink};
use crate::geom::Rect;
use crate::outline::{self, Paint};

#[cfg(test)]
mod tests;

/// Paper on light and on dark, as in `style/1-tokens.css`.
pub const PAPER: (&str, &str) = ("#ffffff", "#15161a");
/// The rules that do not depend on the theme.
const LAYERS: &str = "\
svg{isolation:isolate}.hl{opacity:.35}path{fill:currentColor}\
.l{fill:none;stroke:currentColor;stroke-linecap:round;stroke-linejoin:round}";

/// The smallest rectangle around all that the elements paint; none for none.
pub fn bounds<'a>(elements: impl IntoIterator<Item = &'a Element>) -> Option<Rect> {
    elements
        .into_iter()
        .map(Element::bounds)
        .reduce(Rect::union)
}

/// An `<svg>` for the board's page, of the elements in z-order, lowest first.
pub fn inline<'a>(elements: impl IntoIterator<Item = &'a Element>, view: View) -> String {
    let elements: Vec<_> = elements.into_iter().collect();
    let mut out = room_for(&elements);
    written(write_frame(&mut out, "class=\"paint\"", view));
    written(write_layers(&mut out, &elements));
    out.push_str("</svg>");
    out
}

/// A whole SVG file of the elements in z-order, lowest first, as large as they are. It turns dark
/// with the reader's system.
pub fn standalone<'a>(elements: impl IntoIterator<Item = &'a Element>, title: &str) -> String {
    let elements: Vec<_> = elements.into_iter().collect();
    let view = View::of(bounds(elements.iter().copied()));
    let mut out = room_for(&elements);
    written(write_frame(
        &mut out,
        "xmlns=\"http://www.w3.org/2000/svg\"",
        view,
    ));
    written(write_head(&mut out, title, view));
    written(write_layers(&mut out, &elements));
    out.push_str("</svg>\n");
    out
}

/// The two layers without a frame, of the elements in z-order, lowest first.
pub fn inner<'a>(elements: impl IntoIterator<Item = &'a Element>) -> String {
    let elements: Vec<_> = elements.into_iter().collect();
    let mut out = room_for(&elements);
    written(write_layers(&mut out, &elements));
    out
}

/// A string that need hardly grow: a point takes some 12 bytes.
fn room_for(elements: &[&Element]) -> String {
    let points = |element: &&Element| match element {
        Element::Stroke(stroke) => stroke.points.len(),
        Element::Shape(_) => 0,
    };
    let points: usize = elements.iter().map(points).sum();
    String::with_capacity(2_048 + 256 * elements.len() + 12 * points)
}

/// The style sheet that files carry; the page's own has the same rules by its tokens.
#[must_use]
pub fn style() -> String {
    let mut css = String::from(LAYERS);
    written(write_theme(&mut css, PAPER.0, "multiply", Ink::light));
    css.push_str("@media(prefers-color-scheme:dark){");
    written(write_theme(&mut css, PAPER.1, "screen", Ink::dark));
    css.push('}');
    css
}

/// Text for XML and HTML, in elements and in attributes. Characters that XML cannot hold are left
/// out.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// A `String` takes everything, so writing to one has no errors to report.
fn written(result: fmt::Result) {
    debug_assert!(result.is_ok());
}

fn write_frame(
    out: &mut String,
    attributes: &str,
    View {
        x,
        y,
        width,
        height,
    }: View,
) -> fmt::Result {
    write!(
        out,
        r#"<svg {attributes} width="{width}" height="{height}" viewBox="{x} {y} {width} {height}">"#
    )
}

fn write_head(
    out: &mut String,
    title: &str,
    View {
        x,
        y,
        width,
        height,
    }: View,
) -> fmt::Result {
    write!(
        out,
        "<title>{}</title><style>{}</style>",
        escape(title),
        style()
    )?;
    write!(
        out,
        r#"<rect class="paper" x="{x}" y="{y}" width="{width}" height="{height}"/>"#
    )
}

fn write_theme(
    css: &mut String,
    paper: &str,
    blend: &str,
    colour: fn(Ink) -> &'static str,
) -> fmt::Result {
    write!(css, ".paper{{fill:{paper}}}.hl{{mix-blend-mode:{blend}}}")?;
    Ink::ALL
        .iter()
        .try_for_each(|ink| write!(css, ".c-{}{{color:{}}}", ink.name(), colour(*ink)))
}

fn write_layers(out: &mut String, elements: &[&Element]) -> fmt::Result {
    let (below, above): (Vec<_>, Vec<_>) =
        elements.iter().partition(|element| is_highlight(element));
    write_layer(out, "hl", &below)?;
    write_layer(out, "pens", &above)
}

fn is_highlight(element: &Element) -> bool {
    matches!(element, Element::Stroke(stroke) if stroke.brush == Brush::Highlighter)
}

fn write_layer(out: &mut String, class: &str, elements: &[&Element]) -> fmt::Result {
    if elements.is_empty() {
        return Ok(());
    }
    write!(out, r#"<g class="{class}">"#)?;
    elements
        .iter()
        .try_for_each(|element| write_path(out, element))?;
    out.write_str("</g>")
}

fn write_path(out: &mut String, element: &Element) -> fmt::Result {
    let (path, paint) = outline::geometry(element);
    out.write_str("<path")?;
    write_classes(out, element.style().colour, paint != Paint::Fill)?;
    if let Paint::StrokeLine { width } = paint {
        out.write_str(" stroke-width=\"")?;
        outline::write_px(out, width);
        out.write_str("\"")?;
    }
    out.write_str(" d=\"")?;
    path.write_svg(out);
    out.write_str("\"/>")
}

fn write_classes(out: &mut String, colour: Colour, is_line: bool) -> fmt::Result {
    match (colour, is_line) {
        (Colour::Named(ink), false) => write!(out, r#" class="c-{}""#, ink.name()),
        (Colour::Named(ink), true) => write!(out, r#" class="l c-{}""#, ink.name()),
        (Colour::Free([r, g, b]), false) => write!(out, r##" color="#{r:02x}{g:02x}{b:02x}""##),
        (Colour::Free([r, g, b]), true) => {
            write!(out, r##" class="l" color="#{r:02x}{g:02x}{b:02x}""##)
        }
    }
}
