//! The JSON Schema of `guests.json`.

use crate::Document;

/// The JSON Schema of [`Document`], as it is kept in `docs/guests.schema.json`.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The schema in docs/ is the one of the types. To write it again:
    /// `DOMUS_WRITE=1 cargo test -p guest-spec schema`.
    #[test]
    fn docs_has_it() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guests.schema.json");
        let now = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        if std::env::var_os("DOMUS_WRITE").is_some() {
            std::fs::write(path, &now).unwrap();
        }
        assert!(
            std::fs::read_to_string(path).unwrap() == now,
            "docs/guests.schema.json is old"
        );
    }
}
