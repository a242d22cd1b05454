//! When something is to be done: at the next frame, or after a while. Nothing runs while nothing changes.
//!
//! One frame request and one timer at most, both told by the engine at the end of every event.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use crate::browser::{self, tolerate};

/// The engine's place in the browser's schedule.
#[derive(Debug)]
pub(crate) struct Frames {
    frame: Closure<dyn FnMut(f64)>,
    is_requested: bool,
    alarm: Closure<dyn FnMut()>,
    timer: Option<Timer>,
}

#[derive(Debug)]
struct Timer {
    handle: i32,
    due_ms: f64,
}

impl Frames {
    pub(crate) fn new(frame: impl FnMut(f64) + 'static, alarm: impl FnMut() + 'static) -> Self {
        Self {
            frame: Closure::new(frame),
            is_requested: false,
            alarm: Closure::new(alarm),
            timer: None,
        }
    }

    /// Asks for a frame, unless one is asked for already.
    pub(crate) fn request(&mut self) {
        if !self.is_requested {
            let asked = browser::window()
                .map(|window| window.request_animation_frame(self.frame.as_ref().unchecked_ref()));
            self.is_requested = asked.and_then(|asked| tolerate("frame", asked)).is_some();
        }
    }

    /// The frame is here.
    pub(crate) fn arrived(&mut self) {
        self.is_requested = false;
    }

    /// The timer rang.
    pub(crate) fn rang(&mut self) {
        self.timer = None;
    }

    /// Rings at that time of [`browser::now_ms`], or never.
    pub(crate) fn ring_at(&mut self, due_ms: Option<f64>) {
        let Some(window) = browser::window() else {
            return;
        };
        if self.timer.as_ref().map(|timer| timer.due_ms) == due_ms {
            return;
        }
        if let Some(timer) = self.timer.take() {
            window.clear_timeout_with_handle(timer.handle);
        }
        let Some(due_ms) = due_ms else { return };
        let wait = whole(due_ms - browser::now_ms());
        let function = self.alarm.as_ref().unchecked_ref();
        let set = window.set_timeout_with_callback_and_timeout_and_arguments_0(function, wait);
        self.timer = tolerate("timer", set).map(|handle| Timer { handle, due_ms });
    }
}

/// Whole milliseconds to wait, rounded up so that the time has come when it rings.
#[expect(clippy::cast_possible_truncation, reason = "clamped; casts saturate")]
fn whole(ms: f64) -> i32 {
    ms.ceil().clamp(0.0, 1e9) as i32
}
