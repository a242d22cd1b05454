//! Takes comments and indentation out of CSS. Not a minifier: brotli does the rest, and nothing is ever parsed wrongly.

/// `css` without comments, indentation and empty lines. Strings stay as they are.
pub(crate) fn strip(css: &str) -> String {
    let bare = without_comments(css);
    let lines = bare.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

fn without_comments(css: &str) -> String {
    let mut bare = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(start) = rest.find(['"', '\'', '/']) {
        let (before, from) = rest.split_at(start);
        bare.push_str(before);
        let (kept, after) = token(from);
        bare.push_str(kept);
        rest = after;
    }
    bare.push_str(rest);
    bare
}

/// Splits `from`, which starts with a quote or a slash, after its first token; a comment is a token of which nothing is
/// kept.
fn token(from: &str) -> (&str, &str) {
    if let Some(comment) = from.strip_prefix("/*") {
        return ("", comment.split_once("*/").map_or("", |(_, after)| after));
    }
    let quote = from.chars().next().filter(|c| *c != '/');
    from.split_at(quote.map_or(1, |quote| end_of_string(from, quote)))
}

fn end_of_string(from: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in from.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    from.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_indentation_go_and_strings_stay() {
        let css = "/* head */\n\n  a { /* x\n y */\n    content: \"/* kept */\\\"\";\n  }\nb{width:calc(1px/2)}";
        assert_eq!(
            strip(css),
            "a {\ncontent: \"/* kept */\\\"\";\n}\nb{width:calc(1px/2)}"
        );
    }

    #[test]
    fn unfinished_comments_and_strings_end_with_the_file() {
        assert_eq!(strip("a{}/* no end"), "a{}");
        assert_eq!(strip("a{content:'no end"), "a{content:'no end");
    }
}
