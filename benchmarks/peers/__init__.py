"""The same jobs in several libraries, one file each; worker.py runs them, each in its own process.

A peer has one function, prepare(job, options): it gives a function that runs a number of training
steps, or None where the library has no such job or it would be the same as with other options.
"""
