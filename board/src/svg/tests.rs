//! The drawing as text: well-formed, in layers, in colours, and safe to put into a page.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;
use crate::element::{Shape, ShapeKind, Stroke, Style, Width};
use crate::geom::{Point, Pos};
use crate::outline::tests::parse;
use crate::points::Points;

fn stroke(brush: Brush, colour: Colour) -> Element {
    let points = Points(vec![
        Point {
            x: 0,
            y: 0,
            pressure: 0,
        },
        Point {
            x: 6400,
            y: 640,
            pressure: 0,
        },
    ]);
    Element::Stroke(Stroke {
        brush,
        style: Style {
            colour,
            width: Width(256),
        },
        points,
        done: true,
    })
}

fn line() -> Element {
    let style = Style {
        colour: Colour::Named(Ink::Teal),
        width: Width(96),
    };
    Element::Shape(Shape {
        kind: ShapeKind::Line,
        style,
        from: Pos::default(),
        to: Pos { x: 6400, y: 0 },
    })
}

/// The names of the tags in order, with `/` for closing ones; panics where it is not well-formed.
fn tags(svg: &str) -> Vec<&str> {
    let mut open = Vec::new();
    let mut seen = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, text) = tag.split_once('>').expect("every < has its >");
        assert!(!text.contains('>'));
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag.split([' ', '/']).find(|name| !name.is_empty()).unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        seen.push(name);
    }
    assert!(open.is_empty(), "{open:?}");
    seen
}

#[test]
fn highlighters_lie_below_whatever_the_order() {
    let red = Colour::Named(Ink::Red);
    let svg = inner(&[
        stroke(Brush::Pen, red),
        stroke(Brush::Highlighter, red),
        line(),
    ]);
    assert_eq!(tags(&svg), ["g", "path", "g", "g", "path", "path", "g"]);
    assert!(svg.starts_with("<g class=\"hl\">"));
    assert_eq!(
        svg.find("c-teal").max(svg.find("class=\"pens\"")),
        svg.find("c-teal")
    );
}

#[test]
fn ink_without_highlighters_has_one_layer() {
    assert_eq!(tags(&inner(&[line()])), ["g", "path", "g"]);
    assert_eq!(inner(&[]), "");
}

#[test]
fn named_colours_are_classes_and_free_ones_attributes() {
    assert!(
        inner(&[stroke(Brush::Pen, Colour::Named(Ink::Violet))])
            .contains("<path class=\"c-violet\" d=")
    );
    assert!(
        inner(&[stroke(Brush::Pen, Colour::Free([255, 0, 10]))])
            .contains("<path color=\"#ff000a\" d=")
    );
    assert!(
        inner(&[line()])
            .contains("<path class=\"l c-teal\" stroke-width=\"1.5\" d=\"m0 0 100 0\"/>")
    );
}

#[test]
fn the_page_gets_no_inline_styles() {
    let elements = [stroke(Brush::Highlighter, Colour::Free([1, 2, 3])), line()];
    let svg = inline(&elements, View::of(bounds(&elements)));
    assert_eq!(tags(&svg).first(), Some(&"svg"));
    assert!(!svg.contains("style"));
}

#[test]
fn the_frame_is_the_view() {
    let view = View {
        x: -5,
        y: 10,
        width: 300,
        height: 200,
    };
    let want = "<svg class=\"paint\" width=\"300\" height=\"200\" viewBox=\"-5 10 300 200\"></svg>";
    assert_eq!(inline(&[], view), want);
}

#[test]
fn an_empty_board_is_a_small_paper() {
    let svg = standalone(&[], "");
    assert_eq!(
        tags(&svg),
        ["svg", "title", "title", "style", "style", "rect", "svg"]
    );
    assert!(svg.contains("width=\"320\" height=\"200\""));
}

#[test]
fn a_file_has_colours_for_light_and_dark() {
    let css = style();
    let (light, dark) = css.split_once("@media(prefers-color-scheme:dark)").unwrap();
    for ink in Ink::ALL {
        assert!(light.contains(&format!(".c-{}{{color:{}}}", ink.name(), ink.light())));
        assert!(dark.contains(&format!(".c-{}{{color:{}}}", ink.name(), ink.dark())));
    }
    assert_eq!(css.matches('{').count(), css.matches('}').count());
    assert!(!css.contains(['<', '&']), "it stands in XML as it is");
}

#[test]
fn paths_are_the_ones_of_the_outline() {
    let element = stroke(Brush::Pen, Colour::Named(Ink::Ink));
    let svg = inner([&element]);
    let d = svg
        .split(" d=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    assert_eq!(d, outline::element(&element).d);
    assert!(!parse(d).segments.is_empty());
}

proptest! {
    #[test]
    fn no_title_breaks_out(title in any::<String>()) {
        let svg = standalone(&[line()], &title);
        prop_assert_eq!(tags(&svg), ["svg", "title", "title", "style", "style", "rect", "g", "path", "g", "svg"]);
        let told = &svg[svg.find("<title>").unwrap() + 7..svg.find("</title>").unwrap()];
        prop_assert!(!told.contains(['<', '>', '"', '\'']));
        prop_assert!(!told.chars().any(char::is_control));
        let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
        prop_assert!(told.split('&').skip(1).all(|rest| known.iter().any(|entity| rest.starts_with(entity))));
    }
}
