//! The commands `vet`, `export`, `eval`, `def`, `fmt` and `import` over the CUE engine, with the flags, the output, the
//! messages and the exit statuses of the reference, `cue` 0.17.1.
//!
//! A command reads and writes through a [`World`]: a folder, an input and two outputs. Files are found relative to that
//! folder, whatever the process's own is, so that commands can run side by side. Nothing is fetched from a network.
//!
//! The path of a command: `arguments` says what was asked, `inputs` sorts the arguments into packages and files,
//! `plan` reads them and makes instances of them (`folder`, `decode`, `tags`, `place`), the command's own file goes
//! through their values and `encode` writes them.

mod arguments;
mod decode;
mod def;
mod diff;
mod encode;
mod eval;
mod export;
mod failure;
mod file_type;
mod fmt;
mod folder;
mod import;
mod inputs;
mod place;
mod plan;
mod vet;
mod world;

pub use arguments::Arguments;
pub use world::World;

use failure::Failure;

/// A heap of huge pages holds several megabytes that nobody asked for, which is most of what a small command needs. The
/// allocator asks for none; some kernels give them to everybody.
fn use_small_pages() {
    // Where the kernel refuses, there is but more memory in use.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

/// Runs one command and gives its exit status: 0 if all went well, 1 if not. Why not is written to the world's
/// standard error.
pub fn run(arguments: &Arguments, world: &mut World<'_>) -> u8 {
    use_small_pages();
    match arguments.run(world) {
        Ok(()) => 0,
        Err(failure) => {
            world.complain(&failure);
            1
        }
    }
}
