# reuniond and reunion.
