"""Small loss functions, half right and half wrong, each labelled with the verdict of every draw in it."""
