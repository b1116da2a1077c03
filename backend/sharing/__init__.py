"""What people send into chats of whose readers nothing is known: by inline mode, and by Share in the Mini App (`C9`)."""
