//! The project's own commands, so that there are few to remember. `cargo xtask` lists them.

mod packages;
mod shell;
mod steps;

use std::env;
use std::process::ExitCode;
use std::time::Instant;

/// A command: its name, what it does, and the steps that do it.
struct Command {
    name: &'static str,
    about: &'static str,
    steps: &'static [Step],
}

/// A step: what it makes sure of, and how. Its error is one line, the cause; tools print their own.
type Step = (&'static str, fn() -> Result<(), String>);

const GUESTS: Step = ("the components are built", steps::guests);
const VERDICTS: Step = ("Rust's verdicts are written for the other hosts", steps::verdicts);

const COMMANDS: &[Command] = &[
    Command {
        name: "ci",
        about: "everything that must hold before a commit; it stops at the first step that fails",
        steps: &[
            ("the component's target is installed", steps::target),
            ("the code is formatted", steps::format),
            ("clippy has nothing to say", steps::clippy),
            ("tests pass, and benches run", steps::test),
            ("examples in the documentation run", steps::doc_tests),
            ("the documentation has no broken links", steps::doc),
            ("the core needs no std (wasm32v1-none)", steps::no_std),
            ("two builds of the components are equal", steps::reproduce),
            VERDICTS,
            ("the Python package and its adapters pass", packages::python),
            ("the Node package and its adapters pass", packages::node),
            ("the page for traces passes in a browser", packages::playground),
            ("the HTML report passes in a browser", packages::report),
            ("the MCP proxy passes between real clients and servers", packages::mcp),
            ("the Extism plug-in passes in Python and Node", packages::extism),
            ("the components run in other hosts, as documented", packages::hosts),
        ],
    },
    Command {
        name: "guest",
        about: "build the components, target/twinguard.wasm first; print their sizes, SHA-256 and imports",
        steps: &[GUESTS],
    },
    Command {
        name: "python",
        about: "build the wheel, install it into an environment of its own, and test all of it",
        steps: &[GUESTS, VERDICTS, ("the Python package and its adapters pass", packages::python)],
    },
    Command {
        name: "node",
        about: "build, pack and test the Node package",
        steps: &[
            GUESTS,
            VERDICTS,
            ("the Node package and its adapters pass", packages::node),
            ("the page for traces passes in a browser", packages::playground),
            ("the HTML report passes in a browser", packages::report),
        ],
    },
    Command {
        name: "mcp",
        about: "run the MCP proxy between the official clients and servers, on both transports",
        steps: &[("the MCP proxy passes between real clients and servers", packages::mcp)],
    },
    Command {
        name: "hosts",
        about: "run docs/wasm-hosts.md in wasmtime, wac, jco and Extism; installs them into target/ once",
        steps: &[
            GUESTS,
            VERDICTS,
            ("the Extism plug-in passes in Python and Node", packages::extism),
            ("the components run in other hosts, as documented", packages::hosts),
        ],
    },
    Command {
        name: "bless",
        about: "rewrite what tests expect (golden files, generated tables) with today's output; read the diff before you commit",
        steps: &[("golden files are rewritten", steps::bless)],
    },
    Command {
        name: "deny",
        about: "licences, banned and duplicate crates, and registries, as deny.toml wants them; installs cargo-deny into target/tools once",
        steps: &[("dependencies are as deny.toml wants them", steps::deny)],
    },
];

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let asked = arguments.next();
    let Some(command) = COMMANDS.iter().find(|command| Some(command.name) == asked.as_deref()) else {
        return help(asked.as_deref());
    };
    if let Some(extra) = arguments.next() {
        eprintln!("error: `cargo xtask {}` takes no arguments, not `{extra}`", command.name);
        return ExitCode::from(2);
    }
    let start = Instant::now();
    for (name, step) in command.steps {
        eprintln!("xtask: {name} …");
        let start = Instant::now();
        if let Err(why) = step() {
            eprintln!("xtask: FAILED: {name}: {why}");
            return ExitCode::FAILURE;
        }
        eprintln!("xtask: {name}: {:.1} s", start.elapsed().as_secs_f32());
    }
    eprintln!("xtask: {} passed in {:.0} s", command.name, start.elapsed().as_secs_f32());
    ExitCode::SUCCESS
}

fn help(asked: Option<&str>) -> ExitCode {
    let asks_for_help = matches!(asked, None | Some("help" | "--help" | "-h"));
    if let (Some(asked), false) = (asked, asks_for_help) {
        eprintln!("error: there is no command `{asked}`\n");
    }
    eprintln!("Usage: cargo xtask COMMAND\n");
    for Command { name, about, steps } in COMMANDS {
        eprintln!("  {name:<6} {about}");
        if steps.len() > 1 {
            for (name, _) in *steps {
                eprintln!("           - {name}");
            }
        }
    }
    eprintln!("\nThe component needs a target of its own, once: rustup target add wasm32-unknown-unknown");
    if asks_for_help { ExitCode::SUCCESS } else { ExitCode::from(2) }
}
