//! Files of a directory: the element's build and the demo site.
//!
//! A path is resolved segment by segment and never leaves the directory, links included. Precompressed neighbours (`.br`, `.gz`) are
//! used when the request accepts them. Every file has a strong ETag of its bytes; names with a content hash and paths with a version are immutable.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use sha2::{Digest as _, Sha256};

use super::encoding::{self, Encoding};

/// Files above this size are not served: they are no part of a page, and they are read into memory.
const MAX_FILE: u64 = 64 * 1024 * 1024;

/// A directory to serve.
pub(crate) struct Assets {
    /// Absolute, without links.
    root: PathBuf,
    /// Sent with every HTML page.
    policy: Option<HeaderValue>,
    /// Whether pages of other origins may load the files. True for the element, which they embed.
    shared: bool,
    /// ETags by path, with the size and time they were computed for.
    tags: Mutex<HashMap<PathBuf, (u64, SystemTime, HeaderValue)>>,
}

impl Assets {
    /// Serves `root`, which must exist.
    pub(crate) fn new(root: &Path, policy: Option<HeaderValue>, shared: bool) -> std::io::Result<Arc<Self>> {
        Ok(Arc::new(Self { root: root.canonicalize()?, policy, shared, tags: Mutex::new(HashMap::new()) }))
    }

    /// Answers a request for `path` (as in the URL, percent-encoded) within the directory.
    pub(crate) async fn serve(self: Arc<Self>, method: Method, path: String, headers: HeaderMap) -> Response<Body> {
        if method != Method::GET && method != Method::HEAD {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        // The file system blocks; a slow disk must not hold up the sessions of this thread.
        tokio::task::spawn_blocking(move || self.answer(&method, &path, &headers))
            .await
            .unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, "internal error\n"))
    }

    fn answer(&self, method: &Method, path: &str, headers: &HeaderMap) -> Response<Body> {
        let Some(relative) = relative_path(path) else { return plain(StatusCode::NOT_FOUND, "not found\n") };
        let mut file = self.root.join(&relative);
        if file.is_dir() {
            if !path.is_empty() && !path.ends_with('/') {
                // Without the slash the page's relative links would miss. The last segment alone keeps the redirect on this host.
                let last = path.rsplit('/').next().unwrap_or_default();
                let mut response = plain(StatusCode::PERMANENT_REDIRECT, "");
                match HeaderValue::from_str(&format!("{last}/")) {
                    Ok(location) => response.headers_mut().insert(header::LOCATION, location),
                    Err(_) => return plain(StatusCode::NOT_FOUND, "not found\n"),
                };
                return response;
            }
            file.push("index.html");
        }
        let accept = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
        for encoding in encoding::preferred(accept) {
            if let Some(response) = self.file(method, &file, encoding, headers) {
                return response;
            }
        }
        // Whoever refuses identity and has no other choice gets it all the same (RFC 9110 §12.5.3 leaves this to us).
        self.file(method, &file, Encoding::Identity, headers)
            .unwrap_or_else(|| plain(StatusCode::NOT_FOUND, "not found\n"))
    }

    /// The file in one encoding, `None` when there is none.
    fn file(
        &self,
        method: &Method,
        plain_path: &Path,
        encoding: Encoding,
        request: &HeaderMap,
    ) -> Option<Response<Body>> {
        let mut name = plain_path.as_os_str().to_owned();
        name.push(encoding.suffix());
        // Resolves links; what leads outside is as good as absent.
        let path = PathBuf::from(name).canonicalize().ok().filter(|path| path.starts_with(&self.root))?;
        let metadata = path.metadata().ok().filter(|metadata| metadata.is_file() && metadata.len() <= MAX_FILE)?;
        if encoding != Encoding::Identity && !plain_path.is_file() {
            return None;
        }
        let modified = metadata.modified().ok()?;
        let known = self
            .tags
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&path)
            .filter(|(size, time, _)| (*size, *time) == (metadata.len(), modified))
            .map(|(.., tag)| tag.clone());
        let (tag, bytes) = match known {
            Some(tag) => (tag, None),
            None => {
                let bytes = std::fs::read(&path).ok()?;
                let digest = Sha256::digest(&bytes);
                let tag: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
                let tag = HeaderValue::from_str(&format!("\"{tag}\"")).ok()?;
                self.tags
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(path.clone(), (metadata.len(), modified, tag.clone()));
                (tag, Some(bytes))
            }
        };

        let fresh = request
            .get(header::IF_NONE_MATCH)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|list| matches_tag(list, &tag));
        let mut response = if fresh {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else if *method == Method::HEAD {
            let mut response = Response::new(Body::empty());
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(metadata.len()));
            response
        } else {
            let bytes = match bytes {
                Some(bytes) => bytes,
                None => std::fs::read(&path).ok()?,
            };
            Response::new(Body::from(bytes))
        };
        let out = response.headers_mut();
        let mime = mime(plain_path);
        out.insert(header::ETAG, tag);
        out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        out.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static(if is_immutable(plain_path) {
                "public, max-age=31536000, immutable"
            } else {
                "no-cache"
            }),
        );
        out.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        out.insert(header::CONTENT_TYPE, HeaderValue::from_static(mime));
        if encoding != Encoding::Identity {
            out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
        }
        if self.shared {
            out.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            out.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
        }
        if let Some(policy) = self.policy.as_ref().filter(|_| mime.starts_with("text/html")) {
            out.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
            out.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        }
        Some(response)
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The path inside the directory that a URL's path names; `None` for whatever is not plainly inside.
fn relative_path(path: &str) -> Option<PathBuf> {
    let mut relative = PathBuf::new();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        let segment = percent_decode(segment)?;
        // Names with a dot in front (".", "..", ".git") are nobody's business; separators and NUL come only from an attack.
        if segment.starts_with('.') || segment.contains(['/', '\\', '\0', ':']) {
            return None;
        }
        relative.push(segment);
    }
    Some(relative)
}

fn percent_decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
            let (high, low) = (digit(rest.next())?, digit(rest.next())?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// RFC 9110 §13.1.2: a list of tags, or `*`; the weak comparison ignores `W/`.
fn matches_tag(list: &str, tag: &HeaderValue) -> bool {
    list.split(',')
        .map(str::trim)
        .any(|item| item == "*" || item.strip_prefix("W/").unwrap_or(item).as_bytes() == tag.as_bytes())
}

/// Whether the path's content can never change: a file name with a hash of 8 or more characters (`app-3f9c2a1b.js`), or a folder that is a version (`1.4.0/`).
fn is_immutable(path: &Path) -> bool {
    let versioned = path.parent().is_some_and(|parent| parent.iter().filter_map(|part| part.to_str()).any(is_version));
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let hashed = name
        .split('.')
        .rev()
        .skip(1)
        .chain(name.rsplit_once('.').map(|(stem, _)| stem).into_iter().flat_map(|stem| stem.split(['-', '_', '.'])))
        .any(is_hash);
    versioned || hashed
}

/// At least 8 hexadecimal digits with a digit among them, so that a word like "facade" is none.
fn is_hash(part: &str) -> bool {
    part.len() >= 8
        && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        && part.bytes().any(|byte| byte.is_ascii_digit())
}

fn is_version(part: &str) -> bool {
    let numbers: Vec<_> = part.strip_prefix('v').unwrap_or(part).split('.').collect();
    numbers.len() == 3
        && numbers.iter().all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn mime(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "html" | "htm" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "txt" | "md" => "text/plain; charset=utf-8",
        "xml" => "application/xml",
        "webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        assert_eq!(relative_path("/a/b.js"), Some(PathBuf::from("a/b.js")));
        assert_eq!(relative_path("//a//"), Some(PathBuf::from("a")));
        assert_eq!(relative_path("/%61"), Some(PathBuf::from("a")));
        for path in [
            "/../x",
            "/a/../../x",
            "/%2e%2e/x",
            "/..%2fx",
            "/a%5c..%5cx",
            "/.git/config",
            "/a%00",
            "/%zz",
            "/%c3",
            "/C:/x",
        ] {
            assert_eq!(relative_path(path), None, "{path}");
        }
    }

    #[test]
    fn what_is_immutable() {
        for path in ["/e/app-3f9c2a1b.js", "/e/chat.0a1b2c3d4e5f.wasm", "/e/1.4.0/chat.js", "/e/v0.1.0/sub/chat.js"] {
            assert!(is_immutable(Path::new(path)), "{path}");
        }
        for path in
            ["/e/app.js", "/e/facade.js", "/e/deadbeef.js", "/e/1.4/chat.js", "/e/index.html", "/e/message-list.js"]
        {
            assert!(!is_immutable(Path::new(path)), "{path}");
        }
    }
}
