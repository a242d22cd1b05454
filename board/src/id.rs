//! Names of things: boards, people, clients, elements, ops.
//!
//! Ids are drawn at random by whoever makes the thing (never here: randomness is an argument) and are
//! written as lower-case Crockford base32, which has no letters that are mistaken for digits.
//! Parsing takes exactly the form that printing makes, so a malformed id never reaches a store.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Crockford's base32 alphabet, lower case: no i, l, o, u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The text is not an id: wrong length or a letter outside the alphabet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct BadId;

/// Writes `bytes`, most significant bit first, five bits a letter; the last letter is padded with zeros.
fn write_base32(bytes: &[u8], out: &mut impl fmt::Write) -> fmt::Result {
    let (mut held, mut bits) = (0u32, 0u32);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.write_char(letter(held >> bits))?;
        }
    }
    if bits > 0 {
        out.write_char(letter(held << (5 - bits)))?;
    }
    Ok(())
}

fn letter(five_bits: u32) -> char {
    let index = usize::try_from(five_bits & 31).unwrap_or(0);
    ALPHABET.get(index).map_or('0', |byte| char::from(*byte))
}

/// Reads what [`write_base32`] wrote; only the one canonical spelling of each value is accepted.
fn read_base32<const N: usize>(text: &str) -> Result<[u8; N], BadId> {
    if text.len() != (N * 8).div_ceil(5) {
        return Err(BadId);
    }
    let mut bytes = [0u8; N];
    let mut slots = bytes.iter_mut();
    let (mut held, mut bits) = (0u32, 0u32);
    for byte in text.bytes() {
        let value = ALPHABET
            .iter()
            .position(|known| *known == byte)
            .ok_or(BadId)?;
        held = (held << 5) | u32::try_from(value).unwrap_or(0);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            let full = (held >> bits) & 0xff;
            *slots.next().ok_or(BadId)? = u8::try_from(full).unwrap_or(0);
        }
        held &= (1 << bits) - 1;
    }
    if held == 0 { Ok(bytes) } else { Err(BadId) }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub [u8; $bytes]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_base32(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                read_base32(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                if to.is_human_readable() { to.collect_str(self) } else { self.0.serialize(to) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                if from.is_human_readable() {
                    let text = alloc::string::String::deserialize(from)?;
                    text.parse().map_err(de::Error::custom)
                } else {
                    <[u8; $bytes]>::deserialize(from).map(Self)
                }
            }
        }
    };
}

id! {
    /// A board. Whoever knows it may open the board, so it is 128 random bits.
    BoardId, 16
}
id! {
    /// A person: the same across visits, tabs and boards of one server.
    PersonId, 16
}
id! {
    /// One queue of ops: a tab has its own and gives it up when an op of it is refused.
    ClientId, 16
}
id! {
    /// An element of a board, drawn by its author's client. 64 bits, since a collision is harmless
    /// (adding an id that is there already changes nothing) and every stroke carries one.
    ElementId, 8
}
id! {
    /// One server process, as others know it: random at its start.
    NodeId, 8
}

/// One connection in a room; unique in one server for as long as it runs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct MemberId(pub u64);

/// The identity of an op: the client that made it and its place in that client's queue (1, 2, 3 …).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OpId {
    /// Whose queue.
    pub client: ClientId,
    /// The place in it, from 1, without holes.
    pub n: u32,
}
