//! Finds where JSON values end by quotes and brackets alone, building nothing.

use memchr::memchr2;

const BLANK: &[u8; 8] = b"        ";

/// Follows one JSON value through any number of blocks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Balance {
    depth: u32,
    text: bool,
    escaped: bool,
    /// A number, `true`, `false` or `null` has begun.
    word: bool,
}

impl Balance {
    /// Reads on. Gives the number of bytes of this block that belong to the value once it has ended.
    pub(crate) fn feed(&mut self, block: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(rest) = block.get(at..).filter(|rest| !rest.is_empty()) {
            if self.text {
                at += self.inside_text(rest);
                if !self.text && self.depth == 0 {
                    return Some(at);
                }
                continue;
            }
            let (step, ended) = self.outside_text(rest);
            at += step;
            if ended {
                return Some(at);
            }
        }
        None
    }

    /// True where the input may end here: nothing but a bare word is open.
    pub(crate) fn is_word(&self) -> bool {
        self.word && self.depth == 0 && !self.text
    }

    fn inside_text(&mut self, rest: &[u8]) -> usize {
        if self.escaped {
            self.escaped = false;
            return 1;
        }
        match memchr2(b'"', b'\\', rest) {
            Some(found) => {
                if rest.get(found) == Some(&b'"') {
                    self.text = false;
                } else {
                    self.escaped = true;
                }
                found + 1
            }
            None => rest.len(),
        }
    }

    fn outside_text(&mut self, rest: &[u8]) -> (usize, bool) {
        let mut next = 0;
        while let Some(byte) = rest.get(next) {
            let index = next;
            next += 1;
            match byte {
                // What kubectl prints is a third indentation.
                b'\n' if self.depth > 0 => {
                    while rest.get(next..).is_some_and(|rest| rest.starts_with(BLANK)) {
                        next += BLANK.len();
                    }
                }
                b'"' => {
                    self.text = true;
                    return (index + 1, false);
                }
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth == 0 => return (index, true),
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return (index + 1, true);
                    }
                }
                b',' | b' ' | b'\n' | b'\r' | b'\t' if self.depth == 0 && self.word => return (index, true),
                _ if self.depth == 0 => self.word = true,
                _ => {}
            }
        }
        (rest.len(), false)
    }
}

/// The length of the value that the slice begins with, if it ends in it.
pub(crate) fn value_len(slice: &[u8]) -> Option<usize> {
    let mut balance = Balance::default();
    balance.feed(slice).or_else(|| balance.is_word().then_some(slice.len()))
}

/// How many bytes of white space the slice begins with.
pub(crate) fn blank_len(slice: &[u8]) -> usize {
    slice.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count()
}

/// Top-level keys that tell what a document is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Top {
    pub(crate) api_version: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) has_items: bool,
    /// One of them occurs twice.
    pub(crate) twice: bool,
}

/// Reads the top level of an object without validating it.
pub(crate) fn top(object: &[u8]) -> Top {
    let mut top = Top::default();
    let Some(mut rest) = object.strip_prefix(b"{") else { return top };
    loop {
        rest = rest.get(blank_len(rest)..).unwrap_or_default();
        if let Some(more) = rest.strip_prefix(b",") {
            rest = more;
            continue;
        }
        if rest.first() != Some(&b'"') {
            return top;
        }
        let Some((key, after)) = value_len(rest).and_then(|len| rest.split_at_checked(len)) else {
            return top;
        };
        let after = after.get(blank_len(after)..).unwrap_or_default();
        let Some(after) = after.strip_prefix(b":") else { return top };
        let after = after.get(blank_len(after)..).unwrap_or_default();
        let (value, after) =
            value_len(after).and_then(|len| after.split_at_checked(len)).unwrap_or((after, b""));
        note(&mut top, key, value);
        rest = after;
    }
}

fn note(top: &mut Top, key: &[u8], value: &[u8]) {
    let text = || serde_json::from_slice::<String>(value).ok();
    match key {
        b"\"apiVersion\"" => {
            top.twice |= top.api_version.is_some();
            top.api_version = text();
        }
        b"\"kind\"" => {
            top.twice |= top.kind.is_some();
            top.kind = text();
        }
        b"\"items\"" => {
            top.twice |= top.has_items;
            top.has_items |= value.starts_with(b"[");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_where_its_brackets_do() {
        assert_eq!(value_len(br#"{"a":"}\"]","b":[1,{}]} ,"#), Some(23));
        assert_eq!(value_len(br#""a\\" x"#), Some(5));
        assert_eq!(value_len(b"12,"), Some(2));
        assert_eq!(value_len(b"12"), Some(2));
        assert_eq!(value_len(br#"{"a":1"#), None);
    }

    /// Brackets in text, escaped and not, and real ones.
    const NESTED: &[u8] = br#"{"a":"}\\\"]","b":[1,{"c":null}],"d":"\u007b"}"#;

    #[test]
    fn a_value_may_be_cut_anywhere() {
        for cut in 0..NESTED.len() {
            let (head, tail) = NESTED.split_at(cut);
            let mut balance = Balance::default();
            assert_eq!(balance.feed(head), None, "cut at {cut}");
            assert_eq!(balance.feed(tail), Some(tail.len()), "cut at {cut}");
        }
    }

    #[test]
    fn the_top_level_tells_the_kind() {
        let top = top(
            br#"{"metadata":{"kind":"No"}, "items" : [{"kind":"No"}],"kind":"PodList","apiVersion":"v1"}"#,
        );
        assert_eq!(top.kind.as_deref(), Some("PodList"));
        assert_eq!(top.api_version.as_deref(), Some("v1"));
        assert!(top.has_items && !top.twice);
    }
}
