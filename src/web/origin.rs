//! Which pages may use this server from within a browser. By exact comparison: no substrings, no wildcards.

use axum::http::{HeaderMap, header};

/// Whether the request comes from a page of this very host, or of one that the host of the server named. For requests
/// that have an `Origin`.
pub(super) fn is_allowed(headers: &HeaderMap, further: &[String]) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (
        origins.next().and_then(|origin| origin.to_str().ok()),
        origins.next(),
    ) else {
        return false;
    };
    let from = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    let is_own = from.is_some_and(|from| !from.is_empty() && host(headers) == Some(from));
    is_own || further.iter().any(|known| known == origin)
}

/// Whether a form was sent by a page of this server, as far as the browser tells; programs tell nothing, and hold no
/// cookie that somebody else's page could use.
pub(super) fn is_own_form(headers: &HeaderMap, further: &[String]) -> bool {
    let site = headers
        .get("sec-fetch-site")
        .map(axum::http::HeaderValue::as_bytes);
    let is_near = site.is_none_or(|site| site == b"same-origin" || site == b"none");
    is_near && (!headers.contains_key(header::ORIGIN) || is_allowed(headers, further))
}

/// The host and port that the request was sent to, if it is one.
pub(super) fn host(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
    (!host.is_empty() && host.bytes().all(is_plain)).then_some(host)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn headers(of: &[(&'static str, &str)]) -> HeaderMap {
        of.iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn only_the_same_host_and_port_or_a_named_origin() {
        let further = ["https://draw.example".to_owned()];
        let allowed = |origin| {
            is_allowed(
                &headers(&[("host", "ink.example:3000"), ("origin", origin)]),
                &further,
            )
        };
        assert!(allowed("http://ink.example:3000"));
        assert!(allowed("https://ink.example:3000"));
        assert!(allowed("https://draw.example"));
        let foreign = [
            "null",
            "",
            "http://",
            "ink.example:3000",
            "http://ink.example",
            "http://ink.example:30000",
            "ftp://ink.example:3000",
            "http://ink.example:3000.evil",
            "http://evil/ink.example:3000",
            "http://draw.example",
            "https://draw.example.evil",
        ];
        for origin in foreign {
            assert!(!allowed(origin), "{origin}");
        }
    }

    #[test]
    fn two_origins_or_no_host_are_none() {
        let mut two = headers(&[("host", "a"), ("origin", "http://a")]);
        assert!(is_allowed(&two, &[]));
        two.append(header::ORIGIN, "http://b".parse().unwrap());
        assert!(!is_allowed(&two, &[]));
        assert!(!is_allowed(&headers(&[("origin", "http://a")]), &[]));
        assert!(!is_allowed(
            &headers(&[("host", "a b"), ("origin", "http://a b")]),
            &[]
        ));
    }

    #[test]
    fn a_form_of_another_site_is_refused() {
        let own = |site, origin| {
            is_own_form(
                &headers(&[("host", "a"), ("sec-fetch-site", site), ("origin", origin)]),
                &[],
            )
        };
        assert!(own("same-origin", "http://a"));
        assert!(!own("cross-site", "http://a"));
        assert!(!own("same-site", "http://a"));
        assert!(!own("same-origin", "http://b"));
        assert!(is_own_form(&headers(&[("host", "a")]), &[]));
        assert!(!is_own_form(
            &headers(&[("host", "a"), ("origin", "null")]),
            &[]
        ));
    }
}
