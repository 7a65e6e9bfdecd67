//! An allocator that counts: how much memory a piece of work asked for, and how much it held at once.
//!
//! Time says little on a busy machine; these numbers are the same in every run.

#![allow(
    unsafe_code,
    reason = "an allocator is unsafe to write; this one hands everything to the system's"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// To be the `#[global_allocator]` of a test program.
#[derive(Debug)]
pub struct Counting;

thread_local! {
    /// Bytes asked for since the thread began, bytes held now, the most that was held.
    static COUNTS: Cell<(u64, u64, u64)> = const { Cell::new((0, 0, 0)) };
}

fn add(asked: usize, freed: usize) {
    // A thread that is ending has no counts any more, and needs none.
    let _ = COUNTS.try_with(|counts| {
        let (total, held, peak) = counts.get();
        let held = (held + asked as u64).saturating_sub(freed as u64);
        counts.set((total + asked as u64, held, peak.max(held)));
    });
}

// SAFETY: every call goes to the system's allocator with the same arguments, which has the contract to keep.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size(), 0);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        add(0, layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add(size, layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// What a piece of work on this thread took: bytes asked for in all, and the most that it held at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// All bytes that were asked for, given back or not.
    pub asked: u64,
    /// The most bytes held at once, beyond what was held before.
    pub peak: u64,
}

/// Does a piece of work and counts. [`Counting`] must be the global allocator, or nothing is counted.
pub fn count<T>(work: impl FnOnce() -> T) -> (T, Memory) {
    let (asked, held, _) = COUNTS.get();
    COUNTS.set((asked, held, held));
    let made = work();
    let (asked_after, _, peak) = COUNTS.get();
    let memory = Memory {
        asked: asked_after - asked,
        peak: peak - held,
    };
    (made, memory)
}
