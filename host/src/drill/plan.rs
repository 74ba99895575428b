//! Which slips a drill puts into a trace: drawn before anything is judged, so that the guard has no
//! say in it.

use super::corrupt::{Shape, corrupt};
use super::random::Random;
use super::shown::{Shown, is_respelt};
use super::target::{Place, Target, targets};
use super::{Injection, Options};
use std::collections::BTreeMap;
use twinguard_core::kind::kind_of;
use twinguard_core::model::{Decision, ToolCall};
use twinguard_core::shape::body;
use twinguard_trace::event::{Event, What};
use twinguard_trace::json::Json;

/// Draws of a target for one shape: not every shape fits every identifier.
const TRIES: usize = 16;
/// Shapes that are tried for one injection, when none of the targets takes the first.
const ROUNDS: usize = 3;

/// One call as it will be made.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) target: Target,
    /// The arguments with the slip.
    pub(super) arguments: String,
    /// What is reported of it, nothing judged yet.
    pub(super) injection: Injection,
}

/// Draws the injections of a trace, by the number of the event that they change.
///
/// Shapes take turns, and so do places: a patch has hundreds of names and an order one number, and
/// the rare ones are what people ask about.
pub(super) fn plan(events: &[Event], options: &Options) -> BTreeMap<usize, Vec<Planned>> {
    let calls = || events.iter().enumerate().filter_map(|(n, event)| as_call(&event.what).map(|call| (n, event.turn, call)));
    let mut shown = Shown::new(events);
    let mut by_place: BTreeMap<Place, Vec<(usize, u32, &ToolCall, Target)>> = BTreeMap::new();
    for (event, turn, call) in calls() {
        for target in targets(call, event, &shown) {
            by_place.entry(target.place).or_default().push((event, turn, call, target));
        }
    }
    let mut plan: BTreeMap<usize, Vec<Planned>> = BTreeMap::new();
    if by_place.is_empty() {
        return plan;
    }
    shown.read();
    let places: Vec<_> = by_place.into_values().collect();
    let mut random = Random::of(options.seed, calls().flat_map(|(_, _, call)| [call.tool.as_str(), call.arguments.as_str()]));
    let mut shapes = Shape::ALL;
    random.shuffle(&mut shapes);
    let wanted = usize::try_from(options.per_trace).unwrap_or(usize::MAX);
    let mut left = wanted;
    for shape in shapes.into_iter().cycle().take(wanted.saturating_mul(ROUNDS)) {
        if left == 0 {
            break;
        }
        let drawn = (0..TRIES).find_map(|_| {
            let (event, turn, call, target) = random.pick(&places).map(Vec::as_slice).and_then(|place| random.pick(place))?;
            let planned = inject(shape, *event, *turn, call, target, &shown, &mut random)?;
            let again = plan.get(event).is_some_and(|others| others.iter().any(|other| other.arguments == planned.arguments));
            (!again).then_some((*event, planned))
        });
        if let Some((event, planned)) = drawn {
            plan.entry(event).or_default().push(planned);
            left -= 1;
        }
    }
    plan
}

fn as_call(what: &What) -> Option<&ToolCall> {
    match what {
        What::Called(call) => Some(call),
        What::Shown(_) => None,
    }
}

/// Puts a slip into a call; nothing where it would be none.
fn inject(
    shape: Shape,
    event: usize,
    turn: u32,
    call: &ToolCall,
    target: &Target,
    shown: &Shown<'_>,
    random: &mut Random,
) -> Option<Planned> {
    let original = target.text.as_str();
    let kind = kind_of(original).name;
    let changed = match shape {
        Shape::OtherSeenNear | Shape::OtherSeenFar => {
            let others = shown.others_by(original, event, shape == Shape::OtherSeenNear);
            (*random.pick(&others)?).to_owned()
        }
        Shape::LetterCase if target.is_caseless => return None,
        // `mia_li` in `mia_li_3668` is a person and no type.
        Shape::OtherPrefix if kind == "handle" => return None,
        _ => corrupt(shape, original, &shown.prefixes(event), random)?,
    };
    // Another seen value is another question, and another spelling is no slip at all.
    if !shape.is_seen() && shown.is_seen(&changed, event) || is_respelt(original, &changed) {
        return None;
    }
    let mut arguments = call.arguments.clone();
    arguments.replace_range(target.range.clone(), &changed);
    let is_number = changed.bytes().all(|byte| byte.is_ascii_digit());
    if target.is_number && !is_number || Json::parse(&call.arguments).is_ok() != Json::parse(&arguments).is_ok() {
        return None;
    }
    let injection = Injection {
        turn,
        tool: call.tool.clone(),
        pointer: target.pointer.clone(),
        place: target.place,
        shape,
        kind,
        bits: body(original).bits,
        is_dense: shown.is_dense(original, event),
        has_others: target.has_others,
        original: original.to_owned(),
        changed,
        decision: Decision::Allow,
        call_decision: Decision::Allow,
        relation: None,
        named: None,
        is_named_right: false,
    };
    Some(Planned { target: target.clone(), arguments, injection })
}
