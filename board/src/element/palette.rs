//! The ten colours: the style sheet has the same, each shows on its paper, and no two look alike to anyone.
//!
//! How alike two colours look is CIEDE2000, in which 1 is just noticeable side by side. The distance asked for is ten
//! times that, since strokes lie apart and are thin. What a colour-blind eye makes of a colour is the model of Machado,
//! Oliveira and Fernandes, *A Physiologically-based Model for Simulation of Color Vision Deficiency* (2009), at full
//! severity.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::Ink;
use crate::svg::PAPER;

/// The least CIEDE2000 between any two colours of one theme, to any eye.
const LEAST_DISTANCE: f64 = 10.0;

/// The least contrast of a line with its paper, as WCAG 2 asks it of graphics (1.4.11).
const LEAST_CONTRAST: f64 = 3.0;

/// Yellow on white cannot have that and still be yellow.
const LEAST_CONTRAST_OF_YELLOW: f64 = 1.9;

const TOKENS: &str = include_str!("../../../style/1-tokens.css");

type Rgb = [f64; 3];
type Lab = [f64; 3];

/// Eyes, as matrices on linear sRGB: the table of the model's authors, severity 1.0.
const EYES: [(&str, [[f64; 3]; 3]); 4] = [
    ("any", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protanopia",
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
    ),
    (
        "tritanopia",
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
    ),
];

/// To XYZ under D65, each row divided by the white point: IEC 61966-2-1.
const TO_XYZ: [[f64; 3]; 3] = [
    [0.433953, 0.376219, 0.189828],
    [0.212673, 0.715152, 0.072175],
    [0.017758, 0.109477, 0.872765],
];

struct Theme {
    name: &'static str,
    colour: fn(Ink) -> &'static str,
    /// How often the style sheet lists it: dark once for the device's wish and once for the person's.
    times: usize,
}

const THEMES: [Theme; 2] = [
    Theme {
        name: "light",
        colour: Ink::light,
        times: 1,
    },
    Theme {
        name: "dark",
        colour: Ink::dark,
        times: 2,
    },
];

fn linear(hex: &str) -> Rgb {
    [1, 3, 5].map(|at| {
        let byte = u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        let part = f64::from(byte) / 255.0;
        if part <= 0.04045 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    })
}

fn times(matrix: [[f64; 3]; 3], [x, y, z]: [f64; 3]) -> [f64; 3] {
    matrix.map(|[a, b, c]| a * x + b * y + c * z)
}

fn lab(rgb: Rgb) -> Lab {
    let [x, y, z] = times(TO_XYZ, rgb).map(|part| {
        if part > 216.0 / 24389.0 {
            part.cbrt()
        } else {
            (24389.0 / 27.0 * part + 16.0) / 116.0
        }
    });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn seen(hex: &str, eye: [[f64; 3]; 3]) -> Lab {
    lab(times(eye, linear(hex)).map(|part| part.clamp(0.0, 1.0)))
}

/// CIEDE2000, with the names of Sharma, Wu and Dalal, *The CIEDE2000 Color-Difference Formula* (2005).
fn distance([l1, a1, b1]: Lab, [l2, a2, b2]: Lab) -> f64 {
    let seventh = |c: f64| (c.powi(7) / (c.powi(7) + 25f64.powi(7))).sqrt();
    let g = 0.5 * (1.0 - seventh(f64::midpoint(a1.hypot(b1), a2.hypot(b2))));
    let (a1, a2) = (a1 * (1.0 + g), a2 * (1.0 + g));
    let (c1, c2) = (a1.hypot(b1), a2.hypot(b2));
    let hue = |a: f64, b: f64| b.atan2(a).to_degrees().rem_euclid(360.0);
    let (h1, h2) = (hue(a1, b1), hue(a2, b2));

    // The shorter way round the circle, from 1 to 2.
    let turn = if c1 * c2 == 0.0 {
        0.0
    } else {
        (h2 - h1 + 180.0).rem_euclid(360.0) - 180.0
    };
    let (dl, dc) = (l2 - l1, c2 - c1);
    let dh = 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin();
    let (l, c) = (f64::midpoint(l1, l2), f64::midpoint(c1, c2));
    let h = if c1 * c2 == 0.0 {
        h1 + h2
    } else {
        h1 + turn / 2.0
    };

    let cos = |degrees: f64| degrees.to_radians().cos();
    let t = 1.0 - 0.17 * cos(h - 30.0) + 0.24 * cos(2.0 * h) + 0.32 * cos(3.0 * h + 6.0)
        - 0.20 * cos(4.0 * h - 63.0);
    let theta = 30.0 * (-((h.rem_euclid(360.0) - 275.0) / 25.0).powi(2)).exp();
    let sl = 1.0 + 0.015 * (l - 50.0).powi(2) / (20.0 + (l - 50.0).powi(2)).sqrt();
    let (sc, sh) = (1.0 + 0.045 * c, 1.0 + 0.015 * c * t);
    let rt = -(2.0 * theta).to_radians().sin() * 2.0 * seventh(c);
    let (dl, dc, dh) = (dl / sl, dc / sc, dh / sh);
    (dl * dl + dc * dc + dh * dh + rt * dc * dh).sqrt()
}

fn contrast(one: &str, other: &str) -> f64 {
    let light = |hex| times(TO_XYZ, linear(hex))[1] + 0.05;
    let (one, other) = (light(one), light(other));
    one.max(other) / one.min(other)
}

/// The values of a token in the style sheet, in its order.
fn token(name: &str) -> Vec<&'static str> {
    let lines = TOKENS.lines().map(str::trim);
    let values =
        lines.filter_map(|line| line.strip_prefix("--")?.strip_suffix(';')?.split_once(": "));
    values
        .filter(|(token, _)| *token == name)
        .map(|(_, value)| value)
        .collect()
}

/// The least contrast of words with what they are on, as WCAG 2 asks it (1.4.3).
const LEAST_CONTRAST_OF_WORDS: f64 = 4.5;

#[test]
fn names_can_be_read_on_every_colour_of_people() {
    for ink in crate::room::PERSON_COLOURS {
        let light = contrast(ink.light(), ink.words_on_light());
        let dark = contrast(ink.dark(), PAPER.1);
        assert!(light >= LEAST_CONTRAST_OF_WORDS, "{ink:?}: {light}");
        assert!(dark >= LEAST_CONTRAST_OF_WORDS, "{ink:?} dark: {dark}");
    }
}

#[test]
fn no_two_colours_look_alike_to_any_eye() {
    for Theme { name, colour, .. } in THEMES {
        for (eye, matrix) in EYES {
            for (at, one) in Ink::ALL.into_iter().enumerate() {
                for other in &Ink::ALL[at + 1..] {
                    let apart = distance(seen(colour(one), matrix), seen(colour(*other), matrix));
                    assert!(
                        apart >= LEAST_DISTANCE,
                        "{name}, {eye}: {} and {} are only {apart:.1} apart",
                        one.name(),
                        other.name()
                    );
                }
            }
        }
    }
}

#[test]
fn every_colour_shows_on_its_paper() {
    for (Theme { name, colour, .. }, paper) in THEMES.iter().zip(token("paper")) {
        for ink in Ink::ALL {
            let least = match ink {
                Ink::Yellow => LEAST_CONTRAST_OF_YELLOW,
                _ => LEAST_CONTRAST,
            };
            let found = contrast(colour(ink), paper);
            assert!(found >= least, "{name}: {} has {found:.2}", ink.name());
        }
    }
}

#[test]
fn the_style_sheet_has_the_same_colours() {
    for ink in Ink::ALL {
        let expected: Vec<_> = THEMES
            .iter()
            .flat_map(|theme| std::iter::repeat_n((theme.colour)(ink), theme.times))
            .collect();
        assert_eq!(token(ink.name()), expected, "{}", ink.name());
    }
    let (light, dark) = PAPER;
    assert_eq!(token("paper"), [light, dark, dark]);
}

/// Pairs of the paper's own table: 1, 7, 9, 13, 17, 21 and 29.
#[test]
fn the_distance_is_that_of_its_authors() {
    let table = [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, 0.0, 0.0], [50.0, -1.0, 2.0], 2.3669),
        ([50.0, 2.49, -0.001], [50.0, -2.49, 0.0009], 7.1792),
        ([50.0, -0.001, 2.49], [50.0, 0.0009, -2.49], 4.8045),
        ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
        ([50.0, 2.5, 0.0], [50.0, 3.1736, 0.5854], 1.0),
        (
            [22.7233, 20.0904, -46.694],
            [23.0331, 14.973, -42.5619],
            2.0373,
        ),
    ];
    for (one, other, expected) in table {
        let found = distance(one, other);
        assert!((found - expected).abs() < 0.000_1, "{found} for {expected}");
        assert!((distance(other, one) - found).abs() < 0.000_1);
    }
}
