"""The tools with which a model has other agents work for it: two families of them, behind one port."""
