//! A CustomResourceDefinition put together: schema, rules at their fields, columns.

use super::{GROUP, SchemaError, VERSION};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::{Map, Value, json};

/// A column of `kubectl get`.
pub(super) struct Column(
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) i32,
);

impl Column {
    /// Without a priority of 0, which the API server drops.
    fn written(&self) -> Value {
        let Self(name, kind, path, priority) = self;
        let mut column = json!({"name": name, "type": kind, "jsonPath": path});
        if let Some(fields) = column.as_object_mut().filter(|_| *priority != 0) {
            fields.insert("priority".into(), json!(priority));
        }
        column
    }
}

/// One definition in the making.
pub(super) struct Definition {
    pub(super) kind: &'static str,
    pub(super) plural: &'static str,
    pub(super) short: &'static [&'static str],
    pub(super) scope: &'static str,
    pub(super) columns: Vec<Column>,
    pub(super) status: bool,
    schema: Value,
    wrong: Option<String>,
}

impl Definition {
    /// A namespaced kind without columns, of these parts.
    pub(super) fn new(kind: &'static str, plural: &'static str, spec: Value, status: Option<Value>) -> Self {
        let mut properties = Map::from_iter([
            ("apiVersion".to_owned(), json!({"type": "string"})),
            ("kind".to_owned(), json!({"type": "string"})),
            ("metadata".to_owned(), json!({"type": "object"})),
            ("spec".to_owned(), spec),
        ]);
        let subresource = status.is_some();
        properties.extend(status.map(|status| ("status".to_owned(), status)));
        let schema = json!({"type": "object", "required": ["spec"], "properties": properties});
        Self {
            kind,
            plural,
            short: &[],
            scope: "Namespaced",
            columns: Vec::new(),
            status: subresource,
            schema,
            wrong: None,
        }
    }

    /// Adds to the schema of a field: `spec.rates.[]` goes through properties and items.
    pub(super) fn at(&mut self, path: &str, more: Value) -> &mut Self {
        let Some(field) = self.field(path) else {
            self.wrong.get_or_insert_with(|| path.to_owned());
            return self;
        };
        if let Value::Object(more) = more {
            field.extend(more);
        }
        self
    }

    /// Adds a CEL rule to a field.
    pub(super) fn rule(&mut self, path: &str, rule: &str, message: &str) -> &mut Self {
        let Some(field) = self.field(path) else {
            self.wrong.get_or_insert_with(|| path.to_owned());
            return self;
        };
        let rules = field.entry("x-kubernetes-validations").or_insert_with(|| json!([]));
        if let Some(rules) = rules.as_array_mut() {
            rules.push(json!({"rule": rule, "message": message}));
        }
        self
    }

    /// Takes a field away.
    pub(super) fn without(&mut self, path: &str, names: &[&str]) -> &mut Self {
        for name in names {
            let properties = self.field(path).and_then(|field| field.get_mut("properties")?.as_object_mut());
            if properties.and_then(|properties| properties.remove(*name)).is_none() {
                self.wrong.get_or_insert_with(|| format!("{path}.{name}"));
            }
            if let Some(default) =
                self.field(path).and_then(|field| field.get_mut("default")?.as_object_mut())
            {
                default.remove(*name);
            }
        }
        self
    }

    fn field(&mut self, path: &str) -> Option<&mut Map<String, Value>> {
        let mut at = self.schema.as_object_mut()?;
        for name in path.split('.').filter(|name| !name.is_empty()) {
            let below = match name {
                "[]" => at.get_mut("items"),
                name => at.get_mut("properties").and_then(|properties| properties.get_mut(name)),
            };
            at = below?.as_object_mut()?;
        }
        Some(at)
    }

    /// The finished definition.
    pub(super) fn finish(&mut self) -> Result<CustomResourceDefinition, SchemaError> {
        if let Some(path) = self.wrong.take() {
            return Err(SchemaError::NoField { kind: self.kind.to_owned(), path });
        }
        let columns: Vec<Value> = self.columns.iter().map(Column::written).collect();
        let mut version = json!({"name": VERSION, "served": true, "storage": true,
            "schema": {"openAPIV3Schema": self.schema}, "additionalPrinterColumns": columns});
        if self.status
            && let Some(version) = version.as_object_mut()
        {
            version.insert("subresources".into(), json!({"status": {}}));
        }
        let mut names = json!({"kind": self.kind, "listKind": format!("{}List", self.kind), "plural": self.plural,
            "singular": self.kind.to_lowercase(), "categories": ["probate"]});
        if !self.short.is_empty() {
            crate::deploy::put(&mut names, "", "shortNames", json!(self.short));
        }
        Ok(serde_json::from_value(json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{}.{GROUP}", self.plural)},
            "spec": {"group": GROUP, "scope": self.scope, "names": names, "versions": [version]},
        }))?)
    }
}
