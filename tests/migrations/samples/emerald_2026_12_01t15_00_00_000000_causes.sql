UPDATE messages SET attempts = attempts + 1;
