//! What an Extism host calls: the functions of [`Sessions`], on the one set of sessions that an
//! instance has.

use crate::{Answer, Sessions};
use extism_pdk::{Error, FnResult, input_bytes, plugin_fn};
use std::cell::RefCell;

thread_local! {
    static SESSIONS: RefCell<Sessions> = RefCell::default();
}

macro_rules! export {
    ($($function:ident)+) => {
        $(
            #[doc = concat!("[`Sessions::", stringify!($function), "`]")]
            #[plugin_fn]
            pub fn $function() -> FnResult<String> {
                answer(Sessions::$function)
            }
        )+
    };
}

export! { open observe check check_text identify snapshot restore close check_once }

fn answer(function: fn(&mut Sessions, &[u8]) -> Answer) -> FnResult<String> {
    SESSIONS.with(|sessions| {
        // INVARIANT: calls of one instance do not overlap, so the sessions are borrowed already only
        // when an earlier call never returned. A trap, or a host's time limit, has left them half
        // changed.
        let Ok(mut sessions) = sessions.try_borrow_mut() else {
            return Err(Error::msg("the guard failed in an earlier call, and all sessions of this instance are lost").into());
        };
        function(&mut sessions, &input_bytes()).map_err(|why| Error::msg(why).into())
    })
}
