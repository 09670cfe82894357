//! HTTP by `fetch`, with a time-out and a bound on what is read.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortController, Headers, RequestCredentials, RequestInit, Response};
use xmpp::collections::VecMap;
use xmpp_client::api::{HttpError, HttpRequest, HttpResponse, Method, RequestId};

use super::{Owned, Owner, tell, window};

/// Longer answers are cut: nothing that the client asks for is that long.
const LONGEST_BODY: usize = 4 << 20;

struct Running {
    abort: AbortController,
    timeout: Option<i32>,
    _on_timeout: Closure<dyn FnMut()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(handle) = self.timeout {
            window().clear_timeout_with_handle(handle);
        }
    }
}

pub(crate) struct Fetches {
    owner: Owner,
    running: RefCell<VecMap<RequestId, Running>>,
}

impl Fetches {
    pub(crate) fn new(owner: Owner) -> Self {
        Self { owner, running: RefCell::default() }
    }

    pub(crate) fn start(&self, id: RequestId, http: &HttpRequest) {
        match self.begin(id, http) {
            Ok(answer) => {
                let owner = self.owner.clone();
                spawn_local(async move {
                    let result = read(answer).await;
                    let Some(driver) = owner.upgrade() else { return };
                    // Gone from the table: the client cancelled it, or its time was over.
                    if driver.fetch_ended(id) {
                        driver.push(Owned::Response(id, result));
                    }
                });
            }
            Err(_) => tell(&self.owner, Owned::Response(id, Err(HttpError::Network))),
        }
    }

    /// Ends a request; nothing more is heard of it.
    pub(crate) fn cancel(&self, id: RequestId) {
        let running = self.running.borrow_mut().remove(&id);
        if let Some(running) = running {
            running.abort.abort();
        }
    }

    pub(crate) fn clear(&self) {
        let running = std::mem::take(&mut *self.running.borrow_mut());
        for one in running.values() {
            one.abort.abort();
        }
    }

    /// Whether it was still wanted.
    pub(crate) fn ended(&self, id: RequestId) -> bool {
        self.running.borrow_mut().remove(&id).is_some()
    }

    fn begin(&self, id: RequestId, http: &HttpRequest) -> Result<js_sys::Promise, JsValue> {
        let init = RequestInit::new();
        init.set_method(match http.method {
            Method::Get => "GET",
            Method::Post => "POST",
        });
        let headers = Headers::new()?;
        for (name, value) in &http.headers {
            headers.append(name, value)?;
        }
        init.set_headers(&headers);
        if let Some(body) = &http.body {
            init.set_body(&JsValue::from_str(body));
        }
        init.set_credentials(if http.credentials { RequestCredentials::SameOrigin } else { RequestCredentials::Omit });
        let abort = AbortController::new()?;
        init.set_signal(Some(&abort.signal()));
        let answer = window().fetch_with_str_and_init(&http.url, &init);

        let owner = self.owner.clone();
        let on_timeout: Closure<dyn FnMut()> = Closure::new(move || {
            if let Some(driver) = owner.upgrade() {
                driver.fetch_timed_out(id);
            }
        });
        let timeout = window()
            .set_timeout_with_callback_and_timeout_and_arguments_0(
                on_timeout.as_ref().unchecked_ref(),
                http.timeout_ms.min(i32::MAX as u32) as i32,
            )
            .ok();
        self.running.borrow_mut().insert(id, Running { abort, timeout, _on_timeout: on_timeout });
        Ok(answer)
    }
}

async fn read(answer: js_sys::Promise) -> Result<HttpResponse, HttpError> {
    let response: Response =
        JsFuture::from(answer).await.ok().and_then(|value| value.dyn_into().ok()).ok_or(HttpError::Network)?;
    let content_type = response.headers().get("content-type").ok().flatten().unwrap_or_default();
    let content_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let text = response.text().map_err(|_| HttpError::Network)?;
    let mut body = JsFuture::from(text).await.ok().and_then(|value| value.as_string()).ok_or(HttpError::Network)?;
    if body.len() > LONGEST_BODY {
        body.truncate(body.floor_char_boundary(LONGEST_BODY));
    }
    Ok(HttpResponse { status: response.status(), content_type, redirected: response.redirected(), body })
}
