"""What is wrong with a connection, in words for whoever has to mend it."""

import socket
import ssl


def words_of(problem: OSError) -> str:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"its certificate cannot be trusted: {problem.verify_message}"
    if isinstance(problem, ssl.SSLError):
        return "it does not speak TLS as we do: look at the port"
    if isinstance(problem, socket.gaierror):
        return "there is no host of that name"
    if isinstance(problem, ConnectionRefusedError):
        return "the connection was refused: nobody listens there"
    if isinstance(problem, TimeoutError):
        return "it does not answer"
    return (problem.strerror or type(problem).__name__).lower()
