-- No club of before has changed a choice by which something was deleted.
SELECT 1;
