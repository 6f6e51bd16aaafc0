/// The version of this program, as `mlstore --version` and run records write it.
package let programVersion = "0.1.0"
