# Examples and the MIB.
