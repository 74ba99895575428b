//! Servers that are processes, over pipes; the client has our own standard input and output.
//!
//! A thread for each direction of each pipe. Whoever does not read stops, through full pipes, whoever
//! writes to it, and nobody else: nothing is queued here.

use super::conversation::{Conversation, Options, Outcome, log};
use super::several::Several;
use super::wire::{Direct, Route, To, line, next_line};
use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{self, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

/// How long a server may take to end when its client has gone, before it is ended.
const GRACE: Duration = Duration::from_secs(5);

/// A server to start: its name, and the program with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Tells it from the others.
    pub name: String,
    /// The program and its arguments.
    pub command: Vec<OsString>,
}

struct Relay {
    conversation: Mutex<Conversation>,
    route: Mutex<Box<dyn Route>>,
    servers: Vec<Running>,
    /// The client. Held while a whole frame is written.
    client: Mutex<io::Stdout>,
}

struct Running {
    name: String,
    child: Mutex<Child>,
    /// `None` when it was closed.
    input: Mutex<Option<ChildStdin>>,
}

/// Relays until the client or the servers have ended. Gives the exit code: that of the one server,
/// or 0.
///
/// # Errors
/// When a server cannot be started, the guard cannot be opened, or nothing can be written to the
/// client any more.
pub fn run(options: &Arc<Options>, name: &str, servers: &[Server]) -> io::Result<u8> {
    let conversation = Conversation::open(options, name).map_err(io::Error::other)?;
    let (mut running, mut outputs) = (Vec::new(), Vec::new());
    for server in servers {
        let (started, output) = start(server)?;
        running.push(started);
        outputs.push(output);
    }
    let route: Box<dyn Route> = match servers {
        [_] => Box::new(Direct),
        _ => Box::new(Several::new(servers.iter().map(|server| server.name.clone()).collect())),
    };
    let (conversation, route) = (Mutex::new(conversation), Mutex::new(route));
    let relay = Arc::new(Relay { conversation, route, servers: running, client: Mutex::new(io::stdout()) });
    let (ended, shared) = (Arc::clone(&relay), Arc::clone(options));
    super::at_a_signal(move || {
        ended.stop();
        shared.end();
    })?;

    // Nobody waits for this one: it may sit in a read of its own when the servers have ended.
    let from_client = Arc::clone(&relay);
    thread::spawn(move || {
        let relay = CloseAtEnd(from_client);
        if let Err(error) = relay.0.read_client() {
            log(&format!("the client cannot be read: {error}"));
        }
    });

    let (ended, all_ended) = mpsc::channel();
    for (at, output) in outputs.into_iter().enumerate() {
        let (relay, ended) = (Arc::clone(&relay), ended.clone());
        thread::spawn(move || {
            let outcome = relay.read_server(at, output);
            let _ = ended.send((at, outcome));
        });
    }
    drop(ended);
    let mut code = 0;
    let mut left = relay.servers.len();
    for (at, outcome) in all_ended {
        left -= 1;
        if let Err(error) = outcome {
            relay.stop();
            return Err(error);
        }
        let status = relay.wait(at)?;
        if relay.servers.len() == 1 {
            code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
        }
        relay.tell_of_end(at, &status, left == 0)?;
    }
    Ok(code)
}

fn start(server: &Server) -> io::Result<(Running, ChildStdout)> {
    let [program, arguments @ ..] = server.command.as_slice() else {
        return Err(io::Error::other(format!("the server `{}` has no command", server.name)));
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|error| io::Error::new(error.kind(), format!("the server `{}` cannot be started: {error}", program.display())))?;
    let output = child.stdout.take().ok_or_else(|| io::Error::other("no pipe"))?;
    let input = Mutex::new(child.stdin.take());
    Ok((Running { name: server.name.clone(), child: Mutex::new(child), input }, output))
}

/// Closes the servers' inputs, however the thread that reads the client ends: nobody writes to them
/// after it.
struct CloseAtEnd(Arc<Relay>);

impl Drop for CloseAtEnd {
    fn drop(&mut self) {
        for server in &self.0.servers {
            drop(locked(&server.input).take());
        }
        let relay = Arc::clone(&self.0);
        thread::spawn(move || {
            thread::sleep(GRACE);
            relay.stop();
        });
    }
}

impl Relay {
    fn read_client(&self) -> io::Result<()> {
        let mut input = io::stdin().lock();
        while let Some(frame) = next_line(&mut input)? {
            let outcome = self.conversation()?.client(0, &frame);
            self.carry_out(outcome)?;
        }
        Ok(())
    }

    fn carry_out(&self, outcome: Outcome<'_>) -> io::Result<()> {
        match outcome {
            Outcome::Forward(frame) => {
                let ways = locked(&self.route).client(frame);
                self.send(ways)
            }
            Outcome::Answer(frame) | Outcome::Ask(_, frame) => self.send(vec![To::Client(Cow::Owned(frame))]),
            Outcome::Resume(_, outcome) => self.carry_out(*outcome),
            Outcome::Cancelled(_) | Outcome::Swallow => Ok(()),
        }
    }

    fn read_server(&self, at: usize, output: ChildStdout) -> io::Result<()> {
        let mut output = BufReader::with_capacity(1 << 16, output);
        while let Some(frame) = next_line(&mut output)? {
            let ways = locked(&self.route).server(at, Cow::Owned(frame));
            for way in ways {
                match way {
                    To::Client(frame) => {
                        // The bytes that came are the bytes that go, unless a warning was added.
                        let rewritten = match self.conversation()?.server(0, &frame) {
                            Cow::Owned(rewritten) => Some(rewritten),
                            Cow::Borrowed(_) => None,
                        };
                        self.send(vec![To::Client(rewritten.map_or(frame, Cow::Owned))])?;
                        self.conversation()?.settle();
                    }
                    way @ To::Server(..) => self.send(vec![way])?,
                }
            }
        }
        Ok(())
    }

    fn send(&self, ways: Vec<To<'_>>) -> io::Result<()> {
        for way in ways {
            match way {
                To::Client(frame) => {
                    let mut client = locked(&self.client);
                    client.write_all(&line(frame))?;
                    client.flush()?;
                }
                To::Server(at, frame) => {
                    let Some(server) = self.servers.get(at) else { continue };
                    let mut input = locked(&server.input);
                    let Some(pipe) = input.as_mut() else { continue };
                    // One that has ended is heard of where its output ends.
                    if let Err(error) = pipe.write_all(&line(frame)) {
                        log(&format!("nothing can be sent to the server `{}`: {error}", server.name));
                        drop(input.take());
                    }
                }
            }
        }
        Ok(())
    }

    /// A conversation that a panic interrupted has lost count of what was shown: nothing goes on.
    fn conversation(&self) -> io::Result<MutexGuard<'_, Conversation>> {
        self.conversation.lock().map_err(|_| io::Error::other("the guard panicked; please report this as a bug"))
    }

    /// Gives a server whose output has ended the time to end by itself.
    fn wait(&self, at: usize) -> io::Result<ExitStatus> {
        const STEP: Duration = Duration::from_millis(5);
        let Some(server) = self.servers.get(at) else { return Err(io::Error::other("no such server")) };
        let mut waited = Duration::ZERO;
        loop {
            if let Some(status) = locked(&server.child).try_wait()? {
                return Ok(status);
            }
            if waited >= GRACE {
                locked(&server.child).kill()?;
            }
            thread::sleep(STEP);
            waited += STEP;
        }
    }

    fn tell_of_end(&self, at: usize, status: &ExitStatus, last: bool) -> io::Result<()> {
        let name = self.servers.get(at).map_or("", |server| &server.name);
        let why = format!("the server `{name}` ended ({status}) before it answered; start it again");
        let ways: Vec<_> = if last {
            self.conversation()?.ended(&why).into_iter().map(|frame| To::Client(Cow::Owned(frame))).collect()
        } else {
            log(&format!("the server `{name}` ended ({status}); the others go on"));
            locked(&self.route).ended(at, &why)
        };
        for way in ways {
            match way {
                To::Client(frame) => {
                    let frame = self.conversation()?.server(0, &frame).into_owned();
                    self.send(vec![To::Client(Cow::Owned(frame))])?;
                }
                way @ To::Server(..) => self.send(vec![way])?,
            }
        }
        Ok(())
    }

    /// Ends the servers that are left: asks first, as their client would.
    fn stop(&self) {
        for server in &self.servers {
            let mut child = locked(&server.child);
            // The number of one that was waited for may be another process's by now.
            if matches!(child.try_wait(), Ok(None)) {
                terminate(&child);
            }
        }
        thread::sleep(GRACE / 5);
        for server in &self.servers {
            let _ = locked(&server.child).kill();
        }
    }
}

/// What a panic left behind is still good for pipes and routes: each holds one simple value.
fn locked<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
fn terminate(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process};
    let _ = kill_process(Pid::from_child(child), Signal::TERM);
}

#[cfg(not(unix))]
fn terminate(_child: &Child) {}
