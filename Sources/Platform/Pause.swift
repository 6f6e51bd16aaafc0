private import CPlatform

/// Lets this thread sleep; a signal may end the pause early.
package func pause(milliseconds: Int) { mlp_pause(Int32(clamping: milliseconds)) }
