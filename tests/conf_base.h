/* A small whole configuration for tests, as pieces that a test can replace. */
#pragma once
#define BASE_GATEWAY "gateway: { state_directory = \"/s\"; };\n"
#define BASE_CELLMAP "cellmap: { map = \"m\"; };\n"
#define BASE_AGENCY_HEAD "name = \"beijing\"; spool = \"/p\"; keys = ( \"RWQ\" ); allow_types = ( \"missing-child\" ); "
#define BASE_BOX "jurisdiction = ( { south = 39.4; west = 115.4; north = 41.1; east = 117.6; } ); "
#define BASE_AGENCIES "agencies: ( { " BASE_AGENCY_HEAD BASE_BOX "} );\n"
#define BASE_TEXT_ZH \
	"{ language = \"zh\"; broadcast = \"寻人：{child.name}，{child.sex}，{child.age}岁[，{child.wearing}]\"; " \
	"sms = \"{child.name} {contact}\"; found = \"{child.name}已找到\"; }"
#define BASE_TYPES "alert_types: ( { name = \"missing-child\"; texts = ( " BASE_TEXT_ZH " ); } );\n"
#define BASE_SMPP \
	"name = \"cm-1\"; type = \"smpp\"; address = \"127.0.0.1\"; port = 2775; rate = 2000; system_id = \"r\"; password_file = \"pw\"; "
#define BASE_CBSP "name = \"bsc\"; type = \"cbsp\"; address = \"127.0.0.1\"; port = 48049; rate = 20; "
#define BASE_CARRIER_HEAD "name = \"cm\"; networks = ( \"460-00\" ); "
#define BASE_CARRIERS "carriers: ( { " BASE_CARRIER_HEAD "links = ( { " BASE_SMPP "}, { " BASE_CBSP "} ); } );\n"
#define BASE BASE_GATEWAY BASE_CELLMAP BASE_AGENCIES BASE_TYPES BASE_CARRIERS
