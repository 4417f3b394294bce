// The terminal of a program: raw mode, undone on every way out, a crash included.
#ifndef CVIRTKIT_TERMINAL_H
#define CVIRTKIT_TERMINAL_H

/// Puts the terminal `descriptor` into raw mode, and has it restored when the process exits or a fatal signal comes.
/// Returns 0, or -errno.
int vk_terminal_raw(int descriptor);

/// Restores the terminal, if it is raw. May be called from a signal handler.
void vk_terminal_restore(void);

// Has each of the signals (at most 64) written as one byte, its number, into a pipe from now on, instead of what it did
// before. Returns the pipe's end to read from, or a negative errno. Once per process.
int vk_signal_pipe(const int *signals, int count);

#endif
