//! XEP-0124 and XEP-0206: server side.
