//! The hooks in an agent's own file of settings, put in and taken out. Everything else in the file
//! stays as it is: comments, order and layout.

use super::agent::{Agent, Event, Form, is_ours};
use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstArray, CstInputValue, CstNode, CstObject, CstRootNode};
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value};

/// What the settings have to be.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// This command stands at every event, once.
    Install(&'a str),
    /// No command of ours stands anywhere.
    Remove,
}

/// The text of the settings after the change; equal to the text before when nothing was to do.
///
/// # Errors
/// Says what is wrong with the file. It has to be right before anybody adds to it.
pub fn changed(agent: &Agent, text: &str, change: Change<'_>) -> Result<String, String> {
    match agent.form {
        Form::Toml { timeout } => changed_toml(agent, text, change, timeout),
        Form::Groups { .. } | Form::Flat => changed_json(agent, text, change),
    }
}

/// The commands of ours at each event of the agent, in the order of [`Agent::events`].
///
/// # Errors
/// As [`changed`].
pub fn installed(agent: &Agent, text: &str) -> Result<Vec<(&'static Event, Vec<String>)>, String> {
    let of = |event: &'static Event| -> Result<(&'static Event, Vec<String>), String> {
        let all = match agent.form {
            Form::Toml { .. } => {
                let document: DocumentMut = text.parse().map_err(|error| format!("no TOML: {error}"))?;
                let groups = document.get("hooks").and_then(|hooks| hooks.get(event.name)).and_then(Item::as_array_of_tables);
                groups.into_iter().flatten().flat_map(commands_of_group).collect()
            }
            Form::Groups { .. } => {
                let hooks = parse_json(text)?.object_value().and_then(|root| root.object_value("hooks"));
                let groups = hooks.and_then(|hooks| hooks.array_value(event.name)).map(|groups| groups.elements()).unwrap_or_default();
                let lists = groups.iter().filter_map(|group| group.as_object()?.array_value("hooks"));
                lists.flat_map(|list| list.elements()).filter_map(|hook| command_of(&hook)).collect::<Vec<_>>()
            }
            Form::Flat => {
                let hooks = parse_json(text)?.object_value().and_then(|root| root.object_value("hooks"));
                let list = hooks.and_then(|hooks| hooks.array_value(event.name)).map(|list| list.elements()).unwrap_or_default();
                list.iter().filter_map(command_of).collect()
            }
        };
        Ok((event, all.into_iter().filter(|command| is_ours(command)).collect()))
    };
    agent.events.iter().map(of).collect()
}

fn parse_json(text: &str) -> Result<CstRootNode, String> {
    let text = if text.trim().is_empty() { "{}\n" } else { text };
    let root = CstRootNode::parse(text, &ParseOptions::default()).map_err(|error| format!("no JSON: {error}"))?;
    match root.object_value() {
        Some(_) => Ok(root),
        None => Err("no JSON object".to_owned()),
    }
}

fn changed_json(agent: &Agent, text: &str, change: Change<'_>) -> Result<String, String> {
    let root = parse_json(text)?;
    let top = root.object_value_or_set();
    let misplaced = |name: &str| format!("`{name}` is not what {} expects there; set it right first", agent.title);
    if let Change::Install(command) = change {
        if agent.form == Form::Flat && top.get("version").is_none() {
            top.insert(0, "version", CstInputValue::Number("1".to_owned()));
        }
        let hooks = top.object_value_or_create("hooks").ok_or_else(|| misplaced("hooks"))?;
        for event in agent.events {
            let list = hooks.array_value_or_create(event.name).ok_or_else(|| misplaced(event.name))?;
            install(agent, event, &list, command);
        }
        return Ok(root.to_string());
    }
    let Some(hooks) = top.object_value("hooks") else { return Ok(text.to_owned()) };
    let mut found = false;
    for property in hooks.properties() {
        let Some(list) = property.array_value() else { continue };
        let had_ours = uninstall(agent.form, &list);
        found |= had_ours;
        if had_ours && list.elements().is_empty() {
            property.remove();
        }
    }
    if !found {
        return Ok(text.to_owned());
    }
    if hooks.properties().is_empty()
        && let Some(property) = top.get("hooks")
    {
        property.remove();
    }
    Ok(root.to_string())
}

/// Leaves a command of ours that is right, sets one right that is not, and adds one where there is none.
fn install(agent: &Agent, event: &Event, list: &CstArray, command: &str) {
    let lists = match agent.form {
        Form::Flat => vec![list.clone()],
        _ => list.elements().iter().filter_map(|group| group.as_object()?.array_value("hooks")).collect(),
    };
    let ours = lists.iter().flat_map(CstArray::elements).filter(|hook| command_of(hook).is_some_and(|command| is_ours(&command)));
    let mut is_there = false;
    for hook in ours.collect::<Vec<_>>() {
        if is_there {
            hook.remove();
        } else if let Some(property) = hook.as_object().and_then(|hook| hook.get("command")) {
            is_there = true;
            if command_of(&hook).as_deref() != Some(command) {
                property.set_value(CstInputValue::String(command.to_owned()));
            }
        }
    }
    if is_there {
        return;
    }
    let text = |text: &str| CstInputValue::String(text.to_owned());
    let named = |name: &str, value: CstInputValue| (name.to_owned(), value);
    let entry = match agent.form {
        Form::Groups { timeout, every_tool } => {
            let hook = CstInputValue::Object(vec![
                named("type", text("command")),
                named("command", text(command)),
                named("timeout", CstInputValue::Number(timeout.to_string())),
            ]);
            let mut group = vec![named("hooks", CstInputValue::Array(vec![hook]))];
            if event.has_tools {
                group.insert(0, named("matcher", text(every_tool)));
            }
            CstInputValue::Object(group)
        }
        // A hook that fails stops what it should have checked.
        _ if event.is_check => CstInputValue::Object(vec![named("command", text(command)), named("failClosed", CstInputValue::Bool(true))]),
        _ => CstInputValue::Object(vec![named("command", text(command))]),
    };
    list.append(entry);
    list.ensure_multiline();
}

/// Takes ours out of the hooks of one event, and a group with them that held nothing else.
fn uninstall(form: Form, list: &CstArray) -> bool {
    let is_hook_of_ours = |hook: &CstNode| command_of(hook).is_some_and(|command| is_ours(&command));
    let mut found = false;
    for element in list.elements() {
        if form == Form::Flat {
            if is_hook_of_ours(&element) {
                element.remove();
                found = true;
            }
            continue;
        }
        let Some(hooks) = element.as_object().and_then(|group: CstObject| group.array_value("hooks")) else { continue };
        let ours: Vec<CstNode> = hooks.elements().into_iter().filter(is_hook_of_ours).collect();
        found |= !ours.is_empty();
        if !ours.is_empty() && ours.len() == hooks.elements().len() {
            element.remove();
        } else {
            ours.into_iter().for_each(CstNode::remove);
        }
    }
    found
}

fn command_of(hook: &CstNode) -> Option<String> {
    hook.as_object()?.get("command")?.value()?.as_string_lit()?.decoded_value().ok()
}

fn commands_of_group(group: &Table) -> Vec<String> {
    let command = |hook: &dyn toml_edit::TableLike| hook.get("command").and_then(Item::as_str).map(str::to_owned);
    match group.get("hooks") {
        Some(Item::ArrayOfTables(hooks)) => hooks.iter().filter_map(|hook| command(hook)).collect(),
        Some(Item::Value(Value::Array(hooks))) => hooks.iter().filter_map(|hook| command(hook.as_inline_table()?)).collect(),
        _ => Vec::new(),
    }
}

fn changed_toml(agent: &Agent, text: &str, change: Change<'_>, timeout: u32) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(|error| format!("no TOML: {error}"))?;
    let wanted = match change {
        Change::Install(command) => Some(command),
        Change::Remove => None,
    };
    let is_right = |(_, commands): &(&Event, Vec<String>)| match wanted {
        Some(command) => commands.len() == 1 && commands.first().is_some_and(|found| found == command),
        None => commands.is_empty(),
    };
    if installed(agent, text)?.iter().all(is_right) {
        return Ok(text.to_owned());
    }
    let misplaced = |name: &str| format!("`{name}` is not what {} expects there; set it right first", agent.title);
    let hooks = document.entry("hooks").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let hooks = hooks.as_table_mut().ok_or_else(|| misplaced("hooks"))?;
    for event in agent.events {
        let groups = hooks.entry(event.name).or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        let groups = groups.as_array_of_tables_mut().ok_or_else(|| misplaced(event.name))?;
        for group in groups.iter_mut() {
            match group.get_mut("hooks") {
                Some(Item::ArrayOfTables(hooks)) => hooks.retain(|hook| !hook.get("command").and_then(Item::as_str).is_some_and(is_ours)),
                Some(Item::Value(Value::Array(hooks))) => {
                    hooks.retain(|hook| !hook.as_inline_table().and_then(|hook| hook.get("command")?.as_str()).is_some_and(is_ours));
                }
                _ => {}
            }
        }
        groups.retain(|group| match group.get("hooks") {
            Some(Item::ArrayOfTables(hooks)) => !hooks.is_empty(),
            Some(Item::Value(Value::Array(hooks))) => !hooks.is_empty(),
            _ => true,
        });
        if let Some(command) = wanted {
            let mut hook = InlineTable::new();
            hook.insert("type", "command".into());
            hook.insert("command", command.into());
            hook.insert("timeout", i64::from(timeout).into());
            let mut group = Table::new();
            group.insert("hooks", Item::Value(Value::Array(Array::from_iter([Value::InlineTable(hook)]))));
            groups.push(group);
        }
        if groups.is_empty() {
            hooks.remove(event.name);
        }
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests;
