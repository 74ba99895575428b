//! SWE-agent trajectories: `history`, with calls as shell text or as OpenAI's `tool_calls`.

use super::draft::{self, Draft};
use super::{Format, Place, Read, never, openai_chat};
use crate::event::Trace;
use crate::json::Json;

pub(super) const FORMAT: Format = Format {
    name: "swe-agent",
    about: "SWE-agent trajectories (.traj): an object with `history`",
    part: never,
    detect: |record| record.fields.get("history").is_some_and(Json::is_array),
    read: Read::Known(read),
};

/// The tool that runs an `action`, a line of shell text.
const SHELL: &str = "bash";

fn read(record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    let fields = record.fields();
    let mut draft = Draft::new(place, draft::own_id(&fields), draft::model(&fields));
    let mut waiting = false;
    for (index, message) in fields.get("history").map(Json::items).unwrap_or_default().iter().enumerate() {
        draft.turn(index);
        let message = message.fields();
        match message.string("action") {
            Some(action) if message.says("role", "assistant") && message.get("tool_calls").is_none() => {
                let arguments = serde_json::json!({ "command": action }).to_string();
                draft.call(SHELL.to_owned(), None, Json::parse(&arguments).ok());
                waiting = true;
            }
            // What the shell prints comes back as a message of the user.
            _ if message.says("role", "user") && std::mem::take(&mut waiting) => {
                draft.result(Some(SHELL.to_owned()), None, draft::text(message.get("content")), false);
            }
            _ => openai_chat::read_message(&mut draft, &message),
        }
    }
    vec![draft.finish()]
}
