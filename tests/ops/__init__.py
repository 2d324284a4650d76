"""Operations: values, gradients, shapes."""
