//! Objects and nothing else: what serde derives for a struct takes an array of its values, too.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

/// For `deserialize_with`: a struct, from an object.
pub(crate) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<T, D::Error> {
    from.deserialize_map(Object(PhantomData))
}

/// For `deserialize_with`: a struct from an object, or nothing.
pub(crate) fn optional_object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(bound = "T: Deserialize<'de>")]
    struct Only<T>(#[serde(deserialize_with = "object")] T);
    Ok(Option::deserialize(from)?.map(|Only(value)| value))
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<T, M::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::JobPatch;

    #[test]
    fn an_array_is_not_taken_for_the_struct_with_such_values() {
        let patch = |name: &str, value: Value| {
            let mut patch = json!({"attempt": 1, "sequence": 1, "node": "n1"});
            patch[name] = value;
            serde_json::from_value::<JobPatch>(patch)
        };
        assert!(patch("demand", json!({"memory": 7})).is_ok());
        assert!(patch("demand", Value::Null).is_ok());
        assert!(patch("progress", json!({"done": 1, "total": 2})).is_ok());
        for (name, value) in
            [("demand", json!([])), ("demand", json!([1000])), ("progress", json!([1, 2]))]
        {
            let refused = patch(name, value).unwrap_err().to_string();
            assert_eq!(refused, "invalid type: sequence, expected an object");
        }
    }
}
