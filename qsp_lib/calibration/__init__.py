"""The joint fit of blinatumomab and TGN1412, and the development of the structure."""
