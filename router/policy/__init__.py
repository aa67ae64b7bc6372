"""Pure judgement: where a task goes before generation, whether an answer is believed after it."""
