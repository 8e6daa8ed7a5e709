//! How a session with video is laid out on its canvas.

use serde_json::Value;

/// Layers of one layout that are read; more than any canvas has.
const MAX_LAYERS: usize = 1024;

/// The layout of a session (`layout.changed`).
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct Layout {
    /// The layout's id, which is the name that [`crate::Call::set_layout`] takes.
    pub id: String,
    /// The layout's name for people; the id where the service gives none.
    pub name: String,
    /// The session that it belongs to.
    pub room_session_id: String,
    /// The places on the canvas; empty until the service described them.
    pub layers: Vec<LayoutLayer>,
}

/// One place of a layout. Lengths are percentages of the canvas, from its upper left corner.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct LayoutLayer {
    /// The place's number.
    pub layer_index: i32,
    /// Higher ones cover lower ones.
    pub z_index: i32,
    /// Who is shown there; none for an empty place.
    pub member_id: Option<String>,
    /// Whether a file is played there.
    pub is_playing_file: bool,
    /// The position's name, such as `standard-1` or `reserved-0`; empty when not given.
    pub position: String,
    /// The name under which the place is reserved, if it is.
    pub reservation: Option<String>,
    /// Whether the place is shown.
    pub is_visible: bool,
    /// Distance from the left edge, percent.
    pub x: f64,
    /// Distance from the upper edge, percent.
    pub y: f64,
    /// Width, percent.
    pub width: f64,
    /// Height, percent.
    pub height: f64,
}

impl Layout {
    /// Reads the payload of `layout.changed`; `None` without a layout in it.
    pub(super) fn parse(payload: &Value) -> Option<Self> {
        let layout = payload["layout"].as_object()?;
        let text = |key: &str| {
            let own = layout.get(key).and_then(Value::as_str);
            own.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let (id, name) = (text("id"), text("name"));
        let layers = layout.get("layers").and_then(Value::as_array);
        let outer = || payload["room_session_id"].as_str().map(str::to_owned);
        Some(Self {
            id: id.clone().or_else(|| name.clone())?,
            name: name.or(id)?,
            room_session_id: outer().or_else(|| text("room_session_id")).unwrap_or_default(),
            layers: layers
                .map(|layers| layers.iter().take(MAX_LAYERS).filter_map(layer).collect())
                .unwrap_or_default(),
        })
    }

    /// What `call.joined` tells before the first `layout.changed`.
    pub(super) fn named(name: &str, room_session_id: &str) -> Self {
        Self {
            id: name.to_owned(),
            name: name.to_owned(),
            room_session_id: room_session_id.to_owned(),
            layers: Vec::new(),
        }
    }

    /// Where a member is shown.
    pub(super) fn position_of(&self, member_id: &str) -> Option<&str> {
        let layer =
            self.layers.iter().find(|layer| layer.member_id.as_deref() == Some(member_id))?;
        Some(&layer.position)
    }
}

fn layer(layer: &Value) -> Option<LayoutLayer> {
    layer.is_object().then(|| LayoutLayer {
        layer_index: index(&layer["layer_index"]),
        z_index: index(&layer["z_index"]),
        member_id: text(&layer["member_id"]),
        is_playing_file: layer["playing_file"].as_bool().unwrap_or(false),
        position: text(&layer["position"]).unwrap_or_default(),
        reservation: text(&layer["reservation"]),
        is_visible: layer["visible"].as_bool().unwrap_or(false),
        x: length(&layer["x"]),
        y: length(&layer["y"]),
        width: length(&layer["width"]),
        height: length(&layer["height"]),
    })
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn index(value: &Value) -> i32 {
    value.as_i64().and_then(|number| i32::try_from(number).ok()).unwrap_or(0)
}

fn length(value: &Value) -> f64 {
    value.as_f64().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn layouts_with_and_without_their_parts() {
        let full = json!({"room_session_id": "rs", "layout": {"id": "2x1", "name": "Two",
            "layers": [
                {"layer_index": 0, "z_index": 1, "member_id": "m", "playing_file": false,
                 "position": "standard-1", "reservation": null, "visible": true,
                 "x": 0, "y": 12.5, "width": 50, "height": 100},
                {"layer_index": "one", "x": "left", "member_id": null},
                "no layer", 7]}});
        let layout = Layout::parse(&full).unwrap();
        assert_eq!((layout.id.as_str(), layout.name.as_str()), ("2x1", "Two"));
        assert_eq!(layout.room_session_id, "rs");
        assert_eq!(layout.layers.len(), 2);
        assert_eq!((layout.layers[0].y, layout.layers[0].width), (12.5, 50.0));
        assert_eq!(layout.layers[1], LayoutLayer::default());
        assert_eq!(layout.position_of("m"), Some("standard-1"));
        assert_eq!(layout.position_of("n"), None);
        for (payload, id) in [
            (json!({"layout": {"name": "grid"}}), Some("grid")),
            (json!({"layout": {"id": "grid", "layers": 7}}), Some("grid")),
            (json!({"layout": {}}), None),
            (json!({"layout": []}), None),
            (json!({}), None),
            (json!(null), None),
        ] {
            let id = id.map(str::to_owned);
            assert_eq!(Layout::parse(&payload).map(|layout| layout.id), id, "{payload}");
        }
    }
}
