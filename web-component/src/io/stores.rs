//! The client's rows: on the device, in the tab, or in memory when the browser gives neither; and the queue of what waits for them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;

use js_sys::{Array, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise, spawn_local};
use web_sys::IdbDatabase;
use xmpp::collections::VecMap;
use xmpp_client::api::{Query, StorageError, StoreOp, StoreScope, Token};

use super::{Owned, Owner, Rows, indexed_db, tab_storage, window};
use crate::driver::Driver;

/// After how long the browser's database counts as broken.
const LATE_MS: i32 = 4_000;

type Continuation = Box<dyn FnOnce(&Driver)>;

#[derive(Default)]
enum Device {
    #[default]
    Unopened,
    Open(IdbDatabase),
    /// The browser gives none, or it broke: the person was told, rows live as long as the page.
    Memory,
}

#[derive(Default)]
struct State {
    device: Device,
    memory: VecMap<(u8, String), String>,
    /// Stores that are under way.
    pending: Vec<Token>,
    /// What waits, in order: the wire's order is the client's, so one that waits holds up all behind it.
    waiting: VecDeque<(Option<Token>, Continuation)>,
    /// Work for the device, in order.
    jobs: VecDeque<Job>,
    working: bool,
}

enum Job {
    Store(Token, Vec<StoreOp>),
    Load(Token, String),
}

pub(crate) struct Stores {
    owner: Owner,
    state: RefCell<State>,
}

impl Stores {
    pub(crate) fn new(owner: Owner) -> Self {
        Self { owner, state: RefCell::default() }
    }

    /// Runs `then` once `token` is settled and everything that was asked before has run.
    pub(crate) fn after(&self, token: Option<Token>, then: Continuation) {
        self.state.borrow_mut().waiting.push_back((token, then));
        self.run_waiting();
    }

    pub(crate) fn store(&self, token: Token, scope: StoreScope, ops: Vec<StoreOp>) {
        self.state.borrow_mut().pending.push(token);
        match scope {
            StoreScope::Tab => {
                let result = match tab_storage::storage() {
                    Some(storage) => tab_storage::write(&storage, &ops),
                    None => {
                        self.write_memory(0, &ops);
                        Ok(())
                    }
                };
                self.settle(token, Owned::Stored(token, result));
            }
            StoreScope::Device => self.job(Job::Store(token, ops)),
        }
    }

    pub(crate) fn load(&self, token: Token, scope: StoreScope, query: Query) {
        let Query::Prefix(prefix) = query;
        match scope {
            StoreScope::Tab => {
                let rows = match tab_storage::storage() {
                    Some(storage) => tab_storage::read(&storage, &prefix),
                    None => self.read_memory(0, &prefix),
                };
                self.settle(token, Owned::Loaded(token, rows));
            }
            StoreScope::Device => self.job(Job::Load(token, prefix)),
        }
    }

    fn job(&self, job: Job) {
        let mut state = self.state.borrow_mut();
        state.jobs.push_back(job);
        if std::mem::replace(&mut state.working, true) {
            return;
        }
        drop(state);
        let owner = self.owner.clone();
        spawn_local(async move { work(owner).await });
    }

    /// A store or load is over: what waited may run, then the client hears of it.
    fn settle(&self, token: Token, input: Owned) {
        self.state.borrow_mut().pending.retain(|other| *other != token);
        self.run_waiting();
        if let Some(driver) = self.owner.upgrade() {
            driver.push(input);
        }
    }

    fn run_waiting(&self) {
        // While the driver is still being made there is nobody to run anything for.
        let Some(driver) = self.owner.upgrade() else { return };
        loop {
            let mut state = self.state.borrow_mut();
            let ready = match state.waiting.front() {
                Some((token, _)) => token.is_none_or(|token| !state.pending.contains(&token)),
                None => false,
            };
            if !ready {
                return;
            }
            let Some((_, then)) = state.waiting.pop_front() else { return };
            drop(state);
            then(&driver);
        }
    }

    fn write_memory(&self, scope: u8, ops: &[StoreOp]) {
        let memory = &mut self.state.borrow_mut().memory;
        for op in ops {
            match op {
                StoreOp::Put { key, value } => {
                    memory.insert((scope, key.clone()), value.clone());
                }
                StoreOp::Delete { key } => {
                    memory.remove(&(scope, key.clone()));
                }
                StoreOp::DeletePrefix { prefix } => {
                    memory.retain(|(of, key), _| *of != scope || !key.starts_with(prefix))
                }
            }
        }
    }

    fn read_memory(&self, scope: u8, prefix: &str) -> Rows {
        let memory = &self.state.borrow().memory;
        let rows = memory.range_from(&(scope, prefix.to_owned()));
        Ok(rows
            .take_while(|((of, key), _)| *of == scope && key.starts_with(prefix))
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect())
    }

    /// `None`: use the memory. Opens the database on the first use.
    async fn database(driver: &Driver) -> Option<IdbDatabase> {
        let stores = driver.stores();
        match &stores.state.borrow().device {
            Device::Open(database) => return Some(database.clone()),
            Device::Memory => return None,
            Device::Unopened => {}
        }
        let opened = in_time(indexed_db::open()).await.and_then(Result::ok);
        stores.state.borrow_mut().device = match &opened {
            Some(database) => Device::Open(database.clone()),
            None => Device::Memory,
        };
        opened
    }
}

/// Does the device's jobs one after the other, until none is left.
async fn work(owner: Owner) {
    loop {
        let Some(driver) = owner.upgrade() else { return };
        let stores = driver.stores();
        let job = {
            let mut state = stores.state.borrow_mut();
            let job = state.jobs.pop_front();
            state.working = job.is_some();
            job
        };
        let Some(job) = job else { return };
        let database = Stores::database(&driver).await;
        // A browser that never answers must not hold up what waits for it: late is broken.
        let broken = || StorageError::Broken(String::from("no answer"));
        match job {
            Job::Store(token, ops) => {
                let result = match &database {
                    Some(database) => {
                        let database = database.clone();
                        let writing = async move { indexed_db::write(&database, &ops).await };
                        in_time(writing).await.unwrap_or_else(|| Err(broken()))
                    }
                    None => {
                        stores.write_memory(1, &ops);
                        Err(StorageError::Broken(String::from("no database")))
                    }
                };
                stores.settle(token, Owned::Stored(token, result));
            }
            Job::Load(token, prefix) => {
                let rows = match &database {
                    Some(database) => {
                        let database = database.clone();
                        let reading = async move { indexed_db::read(&database, &prefix).await };
                        in_time(reading).await.unwrap_or_else(|| Err(broken()))
                    }
                    None => stores.read_memory(1, &prefix),
                };
                stores.settle(token, Owned::Loaded(token, rows));
            }
        }
    }
}

/// What `work` gives, unless it takes too long.
async fn in_time<T: 'static>(work: impl Future<Output = T> + 'static) -> Option<T> {
    let result = Rc::new(RefCell::new(None));
    let put = result.clone();
    race(Box::pin(async move { *put.borrow_mut() = Some(work.await) })).await;
    result.take()
}

/// Waits until `work` is done or takes too long; compiled once for all kinds of it.
async fn race(work: Pin<Box<dyn Future<Output = ()>>>) {
    let done = future_to_promise(async move {
        work.await;
        Ok(JsValue::NULL)
    });
    let late = Promise::new(&mut |resolve, _| {
        // Fails only for a window that is gone.
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, LATE_MS);
    });
    // Neither of the two ever rejects.
    let _ = JsFuture::from(Promise::race(&Array::of2(&done, &late))).await;
}
