//! Points as bytes: two or three a point for ordinary strokes. Nothing here knows about ops or
//! limits.
//!
//! A *varint* is an unsigned number, seven bits a byte, lowest first, the top bit set on all but the
//! last byte. A *signed* varint is zig-zagged first: 0, -1, 1, -2 … become 0, 1, 2, 3 …
//!
//! | part | bytes |
//! |---|---|
//! | count | varint; a count of 0 ends here |
//! | header | 1: bits 0–4 the shift `s`, bit 5 set if pressure varies, bits 6–7 zero |
//! | first point | `x`, `y`: signed varints; pressure: 1 byte |
//! | each further point | `x`, `y`: signed varints; if pressure varies, its difference: signed varint |
//!
//! The further points are told as `q = (p - first) >> s`, where `s` is as large as loses nothing (a
//! pen that quantises to 1/8 px thereby saves three bits a number), and each `q` as its difference
//! from the straight continuation `2·q[-1] - q[-2]` of the two before it (both 0 at first): a hand
//! that moves evenly costs one byte a coordinate at any speed. Pressure differences wrap at 256, as a
//! signed byte.
//!
//! Every list has exactly one spelling and the decoder refuses all others, so that a chain over
//! stored ops cannot be told apart from a chain over what they mean.

use alloc::vec::Vec;

use crate::geom::Point;

/// Set in the header if every further point carries a pressure difference.
const VARIES: u8 = 1 << 5;
/// The bits of the header that hold the shift.
const SHIFT: u8 = VARIES - 1;
/// The largest number of points per byte of input: two coordinates take two bytes.
const BYTES_PER_POINT: usize = 2;

/// Bytes that are not points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BadPoints {
    /// More than the reader takes.
    #[error("too many points")]
    TooMany,
    /// They end in the middle.
    #[error("points are cut short")]
    Short,
    /// There is something behind the last point.
    #[error("bytes behind the last point")]
    Trailing,
    /// A coordinate does not fit into 32 bits.
    #[error("a coordinate out of range")]
    Range,
    /// Not the one spelling of these points.
    #[error("points in a form that is never written")]
    Spelling,
}

/// See the module's table.
#[must_use]
pub fn encode(points: &[Point]) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + 3 * points.len());
    put(&mut out, u64::try_from(points.len()).unwrap_or(u64::MAX));
    let Some((first, rest)) = points.split_first() else {
        return out;
    };
    let header = header(first, rest);
    out.push(header);
    put_signed(&mut out, i64::from(first.x));
    put_signed(&mut out, i64::from(first.y));
    out.push(first.pressure);
    let (mut x, mut y) = (Line::default(), Line::default());
    let mut pressure = first.pressure;
    for point in rest {
        put_signed(
            &mut out,
            x.residual(offset(first.x, point.x) >> (header & SHIFT)),
        );
        put_signed(
            &mut out,
            y.residual(offset(first.y, point.y) >> (header & SHIFT)),
        );
        if header & VARIES != 0 {
            put_signed(
                &mut out,
                i64::from(point.pressure.wrapping_sub(pressure).cast_signed()),
            );
            pressure = point.pressure;
        }
    }
    out
}

/// Reads what [`encode`] wrote. Memory is bounded by the length of `bytes`, whatever count they
/// claim.
///
/// # Errors
/// When the bytes are anything else, or hold more than `max_points`.
pub fn decode(bytes: &[u8], max_points: usize) -> Result<Vec<Point>, BadPoints> {
    let mut reader = Reader(bytes);
    let count = usize::try_from(reader.varint()?).map_err(|_| BadPoints::TooMany)?;
    if count > max_points {
        return Err(BadPoints::TooMany);
    }
    let points = if count == 0 {
        Vec::new()
    } else {
        body(&mut reader, count)?
    };
    if reader.0.is_empty() {
        Ok(points)
    } else {
        Err(BadPoints::Trailing)
    }
}

/// Everything behind a count that is not 0.
fn body(reader: &mut Reader<'_>, count: usize) -> Result<Vec<Point>, BadPoints> {
    let told = reader.byte()?;
    if count > reader.0.len() / BYTES_PER_POINT {
        return Err(BadPoints::Short);
    }
    let first = Point {
        x: fit(reader.signed()?)?,
        y: fit(reader.signed()?)?,
        pressure: reader.byte()?,
    };
    let mut points = Vec::with_capacity(count);
    points.push(first);
    let (mut x, mut y) = (Line::default(), Line::default());
    let mut pressure = first.pressure;
    for _ in 1..count {
        let (dx, dy) = (x.follow(reader.signed()?)?, y.follow(reader.signed()?)?);
        if told & VARIES != 0 {
            let change = i8::try_from(reader.signed()?).map_err(|_| BadPoints::Spelling)?;
            pressure = pressure.wrapping_add(change.cast_unsigned());
        }
        points.push(Point {
            x: place(first.x, dx, told)?,
            y: place(first.y, dy, told)?,
            pressure,
        });
    }
    let is_only_spelling = points
        .split_first()
        .is_some_and(|(first, rest)| header(first, rest) == told);
    if is_only_spelling {
        Ok(points)
    } else {
        Err(BadPoints::Spelling)
    }
}

/// The header that these points have to have.
fn header(first: &Point, rest: &[Point]) -> u8 {
    let mut bits = 0;
    let mut varies = 0;
    for point in rest {
        bits |= offset(first.x, point.x) | offset(first.y, point.y);
        varies |= point.pressure ^ first.pressure;
    }
    let shift = if bits == 0 {
        0
    } else {
        u8::try_from(bits.trailing_zeros()).unwrap_or(0)
    };
    shift | if varies == 0 { 0 } else { VARIES }
}

/// One coordinate's way, and where it would go if it went straight on.
#[derive(Default)]
struct Line {
    last: i64,
    before: i64,
}

impl Line {
    /// How far `next` is from the straight continuation; goes on there.
    fn residual(&mut self, next: i64) -> i64 {
        let residual = next - (2 * self.last - self.before);
        (self.before, self.last) = (self.last, next);
        residual
    }

    /// The inverse of [`Line::residual`].
    fn follow(&mut self, residual: i64) -> Result<i64, BadPoints> {
        let next = residual
            .checked_add(2 * self.last - self.before)
            .ok_or(BadPoints::Range)?;
        // No offset between two 32-bit coordinates is larger; this also keeps the sums above from overflowing.
        if next.unsigned_abs() > u64::from(u32::MAX) {
            return Err(BadPoints::Range);
        }
        (self.before, self.last) = (self.last, next);
        Ok(next)
    }
}

fn offset(from: i32, to: i32) -> i64 {
    i64::from(to) - i64::from(from)
}

fn place(first: i32, steps: i64, header: u8) -> Result<i32, BadPoints> {
    // 33 bits shifted by at most 31: no overflow.
    fit(i64::from(first).saturating_add(steps << (header & SHIFT)))
}

fn fit(wide: i64) -> Result<i32, BadPoints> {
    i32::try_from(wide).map_err(|_| BadPoints::Range)
}

pub(super) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(low_byte(value) | 0x80);
        value >>= 7;
    }
    out.push(low_byte(value));
}

fn low_byte(value: u64) -> u8 {
    value.to_le_bytes()[0]
}

fn put_signed(out: &mut Vec<u8>, value: i64) {
    put(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

/// The bytes that are not read yet.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, BadPoints> {
        let (&byte, rest) = self.0.split_first().ok_or(BadPoints::Short)?;
        self.0 = rest;
        Ok(byte)
    }

    fn varint(&mut self) -> Result<u64, BadPoints> {
        let mut value = 0;
        // Nine bytes hold 63 bits, far more than any residual; a longer one is not ours.
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let is_padded = byte == 0 && shift > 0;
                return if is_padded {
                    Err(BadPoints::Spelling)
                } else {
                    Ok(value)
                };
            }
        }
        Err(BadPoints::Spelling)
    }

    fn signed(&mut self) -> Result<i64, BadPoints> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }
}
