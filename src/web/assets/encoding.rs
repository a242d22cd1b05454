//! Which compressed form a browser takes. Only the two forms the site has; not a general negotiation.

use axum::http::{HeaderMap, header};

/// A compressed form of an asset, the better one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "embed"),
    allow(dead_code, reason = "only a release has compressed forms")
)]
pub(super) enum Encoding {
    Brotli,
    Gzip,
}

/// What a browser takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Accepted {
    pub(super) brotli: bool,
    pub(super) gzip: bool,
}

impl Encoding {
    /// The name of this form in headers.
    pub(super) const fn token(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }
}

impl Accepted {
    /// Reads `Accept-Encoding`. A form with weight zero is refused; other weights make no difference, as the server
    /// prefers the smaller form anyway.
    pub(super) fn by(request: &HeaderMap) -> Self {
        let values = request
            .get_all(header::ACCEPT_ENCODING)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let mut accepted = Self::default();
        for word in values.flat_map(|list| list.split(',')) {
            let (token, weight) = word.split_once(';').unwrap_or((word, ""));
            match token.trim() {
                "br" => accepted.brotli = !is_zero(weight),
                "gzip" => accepted.gzip = !is_zero(weight),
                _ => {}
            }
        }
        accepted
    }
}

fn is_zero(weight: &str) -> bool {
    let value = weight
        .trim()
        .strip_prefix("q=")
        .and_then(|value| value.trim().parse::<f32>().ok());
    value.is_some_and(|value| value <= 0.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_gets_what_it_takes_and_nothing_it_refuses() {
        let read = |value: &str| {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, value.parse().unwrap())]);
            let Accepted { brotli, gzip } = Accepted::by(&headers);
            (brotli, gzip)
        };
        assert_eq!(read("gzip, deflate, br, zstd"), (true, true));
        assert_eq!(read("gzip;q=0.5, br;q=0"), (false, true));
        assert_eq!(read("identity, broken, bro"), (false, false));
        assert_eq!(Accepted::by(&HeaderMap::new()), Accepted::default());
    }
}
