using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ChunkStream.LocalHost;

/// <summary>Where the web host listens: on loopback (IPv4 and IPv6), or on one IP address.</summary>
internal sealed class ListenAddress
{
    private readonly IPAddress? _address;

    private ListenAddress(IPAddress? address) => _address = address;

    /// <summary>Whether only this machine can connect.</summary>
    public bool IsLoopback => _address is null || IPAddress.IsLoopback(_address);

    /// <summary>Reads <c>localhost</c> or an IP address.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ListenAddress? address)
    {
        if (string.Equals(text, "localhost", StringComparison.OrdinalIgnoreCase))
            address = new ListenAddress(null);
        else
            address = IPAddress.TryParse(text, out var parsed) ? new ListenAddress(parsed) : null;

        return address is not null;
    }

    /// <summary>The host part of the URL by which this machine reaches the web host.</summary>
    public string HostInUrl => _address switch
    {
        null => "localhost",
        _ when _address.Equals(IPAddress.Any) || _address.Equals(IPAddress.IPv6Any) => "localhost",
        { AddressFamily: AddressFamily.InterNetworkV6 } => $"[{_address}]",
        _ => _address.ToString(),
    };

    /// <summary>
    /// Whether another program already listens on this port. Kestrel finds and reports any other reason not to listen.
    /// </summary>
    public bool IsTaken(int port)
    {
        IPAddress[] addresses = _address is null ? [IPAddress.Loopback, IPAddress.IPv6Loopback] : [_address];
        return addresses.Any(address => IsTaken(address, port));
    }

    /// <summary>Makes Kestrel listen here.</summary>
    public void Listen(KestrelServerOptions kestrel, int port)
    {
        if (_address is null)
            kestrel.ListenLocalhost(port);
        else
            kestrel.Listen(_address, port);
    }

    private static bool IsTaken(IPAddress address, int port)
    {
        try
        {
            using var listener = new TcpListener(address, port);
            listener.Start();
            return false;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.AddressAlreadyInUse;
        }
    }
}
