"""Metadata as SerialEM and EPU write them, with values of our own."""

from string import Template

FRAME_MDOC = """T = SerialEM: Titan Krios, a made one                 26-Oct-23  14:55:45
Voltage = 200

[FrameSet = 0]
TiltAngle = 0.00440576
StagePosition = -26.4387 53.0248
StageZ = -71.9289
Magnification = 36000
Intensity = 0.456253
ExposureDose = 34.9645
DoseRate = 12.9769
PixelSpacing = 0.575
SpotSize = 5
Defocus = 0.166593
ImageShift = 0 0
RotationAngle = -92.83
ExposureTime = 3.59521
Binning = 0.5
CameraIndex = 1
DividedBy2 = 0
MagIndex = 31
CountsPerElectron = 1
TargetDefocus = -1.8
SubFramePath = X:\\made\\area_11_0000.tif
NumSubFrames = 18
FrameDosesAndNumber = 1.9425 18
DateTime = 26-Oct-2023  17:06:51
NavigatorLabel = 11
UncroppedSize = -11520 -8184
RotationAndFlip = 0
TimeStamp = 120499611
"""

IMAGE_MDOC = """PixelSpacing = 1.056
Voltage = 300
ImageFile = area.mrc
ImageSize = 4096 4096
DataMode = 1

[T = SerialEM: Titan Krios, a made one  25-Mar-21  16:59:53]

[T =     Tilt axis angle = -86.7, binning = 1  spot = 7  camera = 1]

[ZValue = 0]
MinMaxMean = -23 1110 28.5
TiltAngle = 30.01
StagePosition = 849.94 919.14
Magnification = 81000
ExposureDose = 0
PixelSpacing = 1.056
Defocus = -2.1
Binning = 1
TargetDefocus = -2
DateTime = 25-Mar-21  17:00:46
"""

_UNIT = """<unit xmlns:a="http://schemas.datacontract.org/2004/07/Fei.Common.Types">
<a:_x003C_PrefixExponent_x003E_k__BackingField>1</a:_x003C_PrefixExponent_x003E_k__BackingField>
<a:_x003C_Symbol_x003E_k__BackingField>$unit</a:_x003C_Symbol_x003E_k__BackingField>
</unit>"""
_ARRAYS = 'xmlns:a="http://schemas.microsoft.com/2003/10/Serialization/Arrays"'
_DRAWING = 'xmlns:a="http://schemas.datacontract.org/2004/07/System.Drawing"'
_SCHEMA = 'xmlns:b="http://www.w3.org/2001/XMLSchema"'


def _pair(key: str, value: str) -> str:
    return (
        f"<a:KeyValueOfstringanyType><a:Key>{key}</a:Key>"
        f'<a:Value i:type="b:double" {_SCHEMA}>{value}</a:Value></a:KeyValueOfstringanyType>'
    )


_EPU = Template(f"""<MicroscopeImage xmlns="http://schemas.datacontract.org/2004/07/Fei.SharedObjects"
 xmlns:i="http://www.w3.org/2001/XMLSchema-instance">
<name>Empty</name>
<CustomData {_ARRAYS}>{_pair("DoseOnCamera", "16.1")}{_pair("Dose", "$dose")}
{_pair("AppliedDefocus", "-2.7E-06")}</CustomData>
<SpatialScale>
<offset><x><numericValue>0</numericValue>{_UNIT}</x></offset>
<pixelSize>
<x><numericValue>$pixel_x</numericValue>{_UNIT}</x>
<y><numericValue>$pixel_y</numericValue>{_UNIT}</y>
</pixelSize>
</SpatialScale>
<microscopeData>
<acquisition>
<acquisitionDateTime>2025-01-08T15:49:18.1158288+00:00</acquisitionDateTime>
<camera>
<Binning {_DRAWING}><a:x>$binning</a:x><a:y>$binning</a:y></Binning>
<ReadoutArea {_DRAWING}><a:height>$rows</a:height><a:width>$columns</a:width><a:x>0</a:x><a:y>0</a:y></ReadoutArea>
</camera>
</acquisition>
<core><ApplicationSoftware>EPU</ApplicationSoftware></core>
<gun><AccelerationVoltage>$volts</AccelerationVoltage></gun>
<optics><Defocus>4.8E-07</Defocus></optics>
<stage><Holder>Unspecified</Holder><Position><A>$tilt</A><B>0.0168</B><X>-9.7E-05</X></Position></stage>
</microscopeData>
</MicroscopeImage>
""")


def epu_xml(**changed: object) -> str:
    """A `MicroscopeImage` of 300 kV and 1.056 Å, with other values where they are named."""
    usual = {
        "dose": "1.44E+21",
        "pixel_x": "1.056E-10",
        "pixel_y": "1.056E-10",
        "unit": "m",
        "binning": 2,
        "rows": 2046,
        "columns": 2880,
        "volts": 300000,
        "tilt": "0.0087266",
    }
    return _EPU.substitute({**usual, **changed})
