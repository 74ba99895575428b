"""Adapters to the frameworks that run agents, one module each; import the one you use.

| module | framework | extra |
|---|---|---|
| `twinguard.integrations.openai_agents` | OpenAI Agents SDK | `twinguard[openai-agents]` |
| `twinguard.integrations.langchain` | LangChain, LangGraph | `twinguard[langchain]` |
| `twinguard.integrations.pydantic_ai` | Pydantic AI | `twinguard[pydantic-ai]` |
| `twinguard.integrations.claude_agent_sdk` | Claude Agent SDK | `twinguard[claude-agent-sdk]` |
| `twinguard.integrations.litellm` | LiteLLM, its proxy and its library | `twinguard[litellm]` |

Every one of them shows the guard the tool results, the user's messages and the system prompt by
itself, each once, and checks a call before its tool runs. What the decisions become:

| decision | what happens |
|---|---|
| `allow` | the tool runs |
| `warn` | the tool runs; logged to the logger `twinguard`, and handed to `on_warn` |
| `ask` | the framework's own approval, where it has one; a refusal otherwise |
| `block` | the tool does not run; its error is the guard's message, for the model to act on |

A value that was stopped `max_blocks` times in the same argument of the same tool (3 unless told
otherwise) stops the run, so that a stubborn model does not go on for ever. A failure of the guard,
or of an adapter, never lets a call through.
"""
