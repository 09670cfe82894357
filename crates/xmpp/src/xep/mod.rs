//! One file per XEP (or RFC payload), each with its types and nothing else.
