//! The two programs of the demo, started in order and stopped together.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::demo::data::Data;
use crate::demo::other::Other;
use crate::process::command;
use crate::workspace::Workspace;

/// How both programs say that they are ready; the address follows.
const READY: &str = "listening on ";
const LOOK_EVERY: Duration = Duration::from_millis(200);

pub(crate) struct Children {
    running: Vec<(&'static str, Child)>,
}

impl Children {
    /// Starts the server behind, if there is one, the chat server on a free port and the site's back end, which passes on to it,
    /// on the demo's port.
    ///
    /// # Errors
    /// When one of them does not come up.
    pub(crate) fn start(workspace: &Workspace, data: &Data, port: u16, other: Option<&Other>) -> anyhow::Result<Self> {
        let mut children = Self { running: Vec::new() };
        if let Some(other) = other {
            children.running.push(("the server behind", other.start()?));
        }
        let mut server = data.server(&["serve", "--listen", "127.0.0.1:0"]);
        server
            .arg("--element-dir")
            .arg(workspace.dist().join("element"))
            .arg("--site-dir")
            .arg(workspace.site())
            .env("CONVERSE_SERVER_PREBIND_SECRET_FILE", data.secret_file());
        if let Some(other) = other {
            server.arg("--config").arg(other.config_file()?);
        }
        let chat = children.start_one("converse-server", &mut server)?;
        let mut backend = command("node", &workspace.path("demo-site"));
        backend
            .args(["backend.mjs", "--listen", &format!("127.0.0.1:{port}"), "--chat", &chat])
            .args(["--domain", data.domain(), "--secret-file"])
            .arg(data.secret_file());
        children.start_one("the site's back end", &mut backend)?;
        Ok(children)
    }

    /// Waits until one of them ends, which neither does by itself.
    ///
    /// # Errors
    /// Always: with the name of the one that ended.
    pub(crate) fn wait(&mut self) -> anyhow::Result<()> {
        loop {
            for (name, child) in &mut self.running {
                if let Some(status) = child.try_wait().with_context(|| format!("lost track of {name}"))? {
                    bail!("{name} ended ({status})");
                }
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Starts a program, waits for its line that it is ready and answers the address in it.
    fn start_one(&mut self, name: &'static str, command: &mut Command) -> anyhow::Result<String> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("can't start {name}"))?;
        let output = child.stdout.take();
        self.running.push((name, child));
        let mut lines = BufReader::new(output.context("its output is a pipe")?).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split_once(READY).map(|(_, address)| address.trim().to_owned()))
            .with_context(|| format!("{name} ended before it was ready"))?;
        // The pipe stays open and empty for as long as the program writes to it.
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| println!("{line}")));
        Ok(address)
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        for (_, child) in &mut self.running {
            // Ended already is as good.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
