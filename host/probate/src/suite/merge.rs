//! Putting documents on top of one another.

use probate_contract::evidence::Open;
use serde_json::Value;

/// JSON merge patch (RFC 7386): maps are merged, `null` removes, anything else replaces.
pub(crate) fn patch(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Open::new());
    }
    if let Value::Object(target) = target {
        onto(target, patch);
    }
}

/// The same for maps.
pub(crate) fn onto(target: &mut Open, changes: &Open) {
    for (key, change) in changes {
        if change.is_null() {
            target.remove(key);
        } else {
            patch(target.entry(key).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_patch_merges_replaces_and_removes() {
        let mut target = json!({"a": {"b": 1, "c": [1, 2]}, "d": 1});
        super::patch(&mut target, &json!({"a": {"c": [3], "e": {"f": null, "g": 1}}, "d": null, "h": "x"}));
        assert_eq!(target, json!({"a": {"b": 1, "c": [3], "e": {"g": 1}}, "h": "x"}));
    }
}
